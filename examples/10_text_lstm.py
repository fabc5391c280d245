"""
Reading text with an LSTM
=========================

The guide builds this net, prints its summary and stops: it has no labels, and today's Keras prints "0 (unbuilt)". Here it is counted,
then trained on 5,171 text messages to find the spam. And it shows what the guide's padding does: without a mask the net reads on through
the empty places behind a short text, and forgets what it was.
"""

# %%
import jax
import jax.numpy as jnp
import numpy as np
import optax
from _picture import canvas, save

from jaxml import fit, nn, plot, text_lstm
from jaxml.checks import sensitivity
from jaxml.datasets import load_sms_spam
from jaxml.metrics import accuracy_score, confusion_matrix, f1_score
from jaxml.model_selection import train_test_split
from jaxml.preprocessing.text import fit_on_texts, pad_sequences, sequences_to_texts, texts_to_sequences

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
        faded[name, text] = sensitivity.over_time(h, untrained["embedding"].embeddings[row]).norms
    padding = faded["read on", text][row == 0].sum() / faded["read on", text].sum()
    print(f"{text!r}: without a mask, {padding:.0%} of what h_T depends on is padding")

# %%
# Real texts with labels. 403 messages repeat another: each is kept once, so that none is both learned and asked.
sms = load_sms_spam()
messages, y = map(list, zip(*dict(zip(sms.texts, sms.y, strict=True)).items(), strict=True))
train, test, y, new_y = train_test_split(messages, np.array(y), test_size=0.2, random_state=0, stratify=y)
words = fit_on_texts(train, num_words=5000, oov_token="<OOV>")
x, new_x, start = ids(train, 40), ids(test, 40), text_lstm.init(key, vocabulary_size=words.size)
adam, ends, predicted = optax.adam(optax.cosine_decay_schedule(0.005, 4 * -(-len(x) // 32))), {}, {}
right, f1 = {}, {}
for name, mask in (("masked", True), ("read on", False)):  # the same start, the same order of the rows
    ends[name] = fit(text_lstm.loss, start, x, y, optimizer=adam, key=key, epochs=4, validation=(new_x, new_y), mask_zero=mask)
    predicted[name] = text_lstm.predict(ends[name].params, new_x, mask_zero=mask)
    right[name], f1[name] = accuracy_score(new_y, predicted[name]), f1_score(new_y, predicted[name])
    print(f"{name:>8}: {right[name]:.4f} of {len(new_x)} new messages right, F1 of spam {f1[name]:.3f}")

# %%
figure, ((fading, learning), (matrix, opening)) = canvas(2, 2, width=7, height=4.8)
named = [*texts[0].split(), *["–"] * 6]
plot.sensitivity({name: faded[name, texts[0]] for name in ends}, words=named, title="What the guide's first sentence leaves", ax=fading)
curves = {name: end.validation_losses for name, end in ends.items()}
plot.loss_curve(curves, xlabel="pass over the messages", ylabel="loss on new messages (nats)", title="Learning to find spam", ax=learning)
plot.confusion_matrix(confusion_matrix(new_y, predicted["masked"]), class_names=sms.target_names, ax=matrix)
message, params = new_x[np.argmax((np.sum(new_x > 0, axis=1) == 9) & (new_y == 1))][:9], ends["masked"].params
vectors = params["embedding"].embeddings[message][None]
before = jax.tree.map(lambda a: jnp.pad(a[:, :-1], ((0, 0), (1, 0), (0, 0))), nn.lstm_states(params["lstm"], vectors))
gates = nn.lstm_gates(params["lstm"], before, vectors)
plot.gates(jax.tree.map(lambda a: a[0], gates), sequences_to_texts(words, message[:, None]), title="The gates over a message", ax=opening)
save(figure, "10_text_lstm")

# %%
ours = {"parameters": f"{sum(leaf.size for leaf in jax.tree.leaves(untrained)):,}", "right": f"{right['masked']:.3f}", "F1 of spam": f"{f1['masked']:.2f}"}
assert guide.items() <= ours.items() and right["masked"] > 0.975 and f1["masked"] > 0.9 > f1["read on"], ours
