"""
Reading text with an LSTM
=========================

The guide builds this net and prints its summary. Here it is counted, and trained on 5,171 messages to find the spam.
And the guide's padding shows: without a mask the net reads on behind a short text, and forgets what it was.
"""

# %%
import jax
import numpy as np
import optax
from _picture import canvas, save

from jaxml import fit, nn, plot, text_lstm
from jaxml.checks import sensitivity
from jaxml.datasets import load_sms_spam
from jaxml.metrics import accuracy_score, confusion_matrix, f1_score
from jaxml.model_selection import train_test_split
from jaxml.preprocessing.text import fit_on_texts, pad_sequences, texts_to_sequences

guide = {"parameters": "7,329"}
texts = ["I love machine learning", "Natural language processing is fascinating", "Deep learning is a subset of machine learning"]
words, key = fit_on_texts(texts, num_words=100, oov_token="<OOV>"), jax.random.key(0)
ids = lambda texts, maxlen: pad_sequences(texts_to_sequences(words, texts), maxlen, padding="post", truncating="post")
print(nn.summary(text_lstm.model(words.size), (10,)))

# %%
# |∂h_T/∂x_t|: how much the last state depends on each word. Read on through the padding, and it fades before the net has learned anything.
untrained, faded = text_lstm.init(key, vocabulary_size=words.size), {}
for text, row in zip(texts, ids(texts, 10), strict=True):
    for name, mask in (("masked", row != 0), ("read on", row == row)):
        h = lambda v, mask=mask: nn.lstm(32).apply(untrained["lstm"], v[None], mask=mask[None])[0]
        faded[name, text] = norms = sensitivity.over_time(h, untrained["embedding"].embeddings[row]).norms
    print(f"{text!r}: without a mask, {norms[row == 0].sum() / norms.sum():.0%} of what h_T depends on is padding")

# %%
# Real texts with labels. 403 messages repeat another: each is kept once, so that none is both learned and asked.
messages, y = zip(*dict(zip(*load_sms_spam()[:2], strict=True)).items(), strict=True)
train, test, y, new_y = train_test_split(list(messages), np.array(y), test_size=0.2, random_state=0, stratify=y)
words = fit_on_texts(train, num_words=5000, oov_token="<OOV>")
x, new_x, start = ids(train, 60), ids(test, 60), text_lstm.init(key, vocabulary_size=words.size)
adam, ends, f1 = optax.adam(optax.cosine_decay_schedule(0.005, 3 * -(-len(x) // 32))), {}, {}
for name, mask in (("read on", False), ("masked", True)):  # the same start, the same order of the rows
    ends[name] = fit(text_lstm.loss, start, x, y, optimizer=adam, key=key, epochs=3, validation=(new_x, new_y), mask_zero=mask)
    predicted = text_lstm.predict(ends[name].params, new_x, mask_zero=mask)
    right, f1[name] = accuracy_score(new_y, predicted), f1_score(new_y, predicted)
    print(f"{name:>8}: {right:.4f} of {len(new_x)} new messages right, F1 of spam {f1[name]:.3f}")

# %%
figure, ((fading, learning), (matrix, opening)) = canvas(2, 2, width=8, height=5.6)
first, losses = {name: faded[name, texts[0]] for name in ends}, {name: end.validation_losses for name, end in ends.items()}
plot.sensitivity(first, words=[*texts[0].split(), *["–"] * 6], title="What the guide's first sentence leaves", ax=fading)
plot.loss_curve(losses, xlabel="pass", ylabel="loss on new messages (nats)", title="Learning to find spam", ax=learning)
plot.confusion_matrix(confusion_matrix(new_y, predicted), class_names=("ham", "spam"), ax=matrix)
params, message = ends["masked"].params, ["txt", "to", "claim", "your", "free", "prize", "now"]
vectors = params["embedding"].embeddings[ids([" ".join(message)], None)]
before = jax.tree.map(lambda a: np.pad(a[:, :-1], ((0, 0), (1, 0), (0, 0))), nn.lstm_states(params["lstm"], vectors))
gates = np.asarray(nn.lstm_gates(params["lstm"], before, vectors))[:, 0]
plot.gates(dict(zip("ifgo", gates, strict=True)), message, title="The gates over a message", ax=opening)
save(figure, "10_text_lstm")

# %%
ours = {"parameters": f"{sum(a.size for a in jax.tree.leaves(untrained)):,}"} | {f"F1 of spam, {k}": f"{v:.2f}" for k, v in f1.items()}
assert guide.items() <= ours.items() and right > 0.975 and f1["masked"] > max(0.9, f1["read on"]), ours
