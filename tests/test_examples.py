"""The examples print the guide's numbers and what the guide hides, and draw their pictures."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import matplotlib.image
import pytest

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "examples"
SCRIPTS = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
EACH = [pytest.param(file, id=file.stem) for file in SCRIPTS]

# what the guide's own code prints; for 15, scikit-learn's pipeline with the same split and penalty
GUIDE = {
    "01": {},
    "02": {"slope": "0.60", "intercept": "2.20"},
    "03": {"MSE": "0.0065"},
    "04": {},
    "05": {"explained variance": "0.383/0.350/0.267"},
    "06": {"accuracy over 20 seeds": "0.92"},
    "07": {"weight": "0.696355", "bias": "1.852128"},
    "08": {"test, 80 rows": "0.876 ± 0.022", "test, 800 rows": "0.875 ± 0.020", "training, 800 rows": "0.889 ± 0.005"},
    "09": {"parameters": "93,322"},
    "10": {"parameters": "7,329"},
    "11": {"m": "5.800531", "b": "11.009054", "MSE": "0.8574"},
    "12": {"rows": "80 to 800", "MSE with 80 rows": "6608 ± 832", "MSE with 800 rows": "2656 ± 448"},
    "13": {"w": "-1.89, 3.13", "b": "2.05", "training accuracy": "1.0"},
    "14": {"accuracy": "0.9900", "confusion matrix": "[[80, 1], [1, 118]]", "support vectors": "81 + 81"},
    "15": {"breast cancer, as in scikit-learn": "0.9825", "digits, as in scikit-learn": "0.9639"},
    "16": {},
    "17": {"accuracy, as in scikit-learn": "0.9944"},
    "18": {},
    "19": {},
    "20": {},
    "21": {},
    "22": {},
    "23": {},
}

# what the guide does not say: words and numbers that the scripts must print
HIDDEN = {
    "01": ["the rate must stay below 2/f'' = 1", "rate 0.9: each step multiplies x by -0.8", "diverged", "stable below 1", "by -1.2"],
    "02": [
        "times x and times 1: [0. 0.]",
        "slope 0.60 ± 0.28",
        "intercept 2.20 ± 0.94",
        "120 orders",
        "13%",
        "example 7 gets 0.70 and 1.85",
    ],
    "03": ["noise floor 0.0100 ± 0.0032", "lies below it", "only 12%"],
    "04": ["largest slope 0.2500", "inf", "20.000000", "infinite"],
    "05": ["inside the middle 95% of pure noise, 0.361 to 0.464", "above the band of noise: 1 of 4", "variance left out 0.8011"],
    "06": [
        "the commoner class: 0.555",
        "out of bag, without the test rows: 0.9",
        "which is more than the forests differ",
        "of the impurity",
    ],
    "07": [
        "not converged",
        "18.4%",
        "condition number 70",
        "4,083 steps",
        "of half the MSE by autodiff",
        "(5, 5)",
        "y.ravel()",
        "with x standardised: condition number 1.000, and 1 step",
    ],
    "08": ["scaled columns, 800 rows: 0.876", "four times five folds, shuffled: 0.870", "above the minimum"],
    "09": [
        "64 × (3 × 3 × 32 + 1) = 18,496",
        "new photographs",
        "a field of 26 × 26",
        "9 different numbers stand at 324 of its 2,304 places",
    ],
    "10": ["4 × (32 × (16 + 32) + 32) = 6,272", "without a mask, 8", "of 1035 new messages right"],
    "11": [
        "condition number 133.8",
        "condition number   1.0",
        "y = 1.98 x",
        "noise floor 1.0 ± 0.1",
        "lies below it",
        "1/n in place of 2/n",
    ],
    "12": ["the target's variance is 17,497, that of its noise 0.01", "it would need 10^16 rows"],
    "13": [
        "l2 = 0.01",
        "[-1.88643, 3.13179], b = 2.05150",
        "gradient 9e-05",
        "ConvergenceWarning",
        "a plane separates classes",
        "42°",
        "calls C = 1.0",
    ],
    "14": ["0.82 to 1.19 from the centre", "logistic regression on the squares: accuracy 0.9950", "x₂² = 1"],
    "15": ["0.9825 ± 0.0123", "0.9639 ± 0.0098", "l2 0.01", "l2 0.0001"],
    "16": ["900 steps", "the same bits: True"],
    "17": ["571 of 1437 digits", "45 pairs", "without a kernel: 0.9556", "winner ahead by 0 votes:   1 digits, 1 misread"],
    "18": ["straight line: R² 0.9381", "out of bag, R² of the logarithm: 0.99", "of the impurity removed"],
    "19": ["hard: loss 0.0281, largest slope in a threshold 0.000000", "thresholds after"],
    "20": [
        "cancels and leaves p − y",
        "Off by exactly n = 569 in b",
        "example 7:  Off by exactly 1/2 in every parameter",
        "example 11: Right",
        "only the diagonal p(1 − p)",
    ],
    "21": [
        "rate 0.0001: diverged at step 2",
        "limit 0.2485",
        "condition number 470",
        "180,863,468 as it came, 1,624 scaled",
        "predicted and observed error differ",
    ],
    "22": ["C = 1.0", "on w and b", "estimate ± standard error", "which no loss goes below"],
    "23": ["is above the limit", "along depth", "log of 0", "0.5 / 0, the 0 from sqrt", "nan at row 1234, column 2"],
}


@pytest.fixture(scope="module")
def runner():
    """The examples' __main__.py as a module; what it puts on sys.path is taken off again."""
    path = list(sys.path)
    spec = importlib.util.spec_from_file_location("examples_runner", FOLDER / "__main__.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    sys.path[:] = path


def test_every_example_is_expected():
    assert [file.name[:2] for file in SCRIPTS] == sorted(GUIDE) == sorted(HIDDEN)


@pytest.mark.parametrize("file", EACH)
def test_the_example(runner, file):
    """One test of each script, so that it runs once, in one process: two would write the same picture."""
    example, number = runner.run(file), file.name[:2]
    assert not example.failure, example.failure
    assert_the_guides_numbers(example, GUIDE[number])
    missing = [words for words in HIDDEN[number] if words not in example.printed]
    assert not missing, example.printed
    assert example.drawn
    assert_a_picture(matplotlib.image.imread(FOLDER / "output" / f"{file.stem}.png"))
    assert not jax.config.read("jax_enable_x64"), "the width was not put back"


def assert_the_guides_numbers(example, guide):
    drawn = {name for name in guide if example.name.startswith("12") and name.startswith("MSE")}  # forests: the script compares
    assert example.guide == guide
    assert {name: example.ours[name] for name in set(guide) - drawn} == {name: guide[name] for name in set(guide) - drawn}
    assert drawn <= set(example.ours)
    assert set(example.ours) - set(guide) or example.name.startswith("15"), "nothing beyond the guide"


def assert_a_picture(pixels):
    height, width = pixels.shape[:2]
    assert 900 <= width <= 2600 and 500 <= height <= 2400
    assert pixels[..., :3].std() > 0.03, "the picture is blank"


@pytest.mark.parametrize("file", EACH)
def test_is_short_and_ends_with_an_assertion(file):
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) <= 65
    assert lines[-1].startswith("assert ")
    title, underline = lines[1:3]  # reStructuredText: the scripts become pages of the documentation
    assert set(underline) == {"="} and len(underline) == len(title)
    assert f'save(figure, "{file.stem}")' in text
    assert "plt.show" not in text


@pytest.fixture
def copy(tmp_path):
    """The examples without their output, so that another process' pictures stay."""
    shutil.copytree(FOLDER, tmp_path / "examples", ignore=shutil.ignore_patterns("output", "__pycache__"))
    return tmp_path / "examples"


def test_a_script_runs_alone_from_anywhere(copy, tmp_path):
    (elsewhere := tmp_path / "elsewhere").mkdir()
    script = next(copy.glob("02_*.py"))
    done = subprocess.run([sys.executable, str(script)], cwd=elsewhere, capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    assert "slope 0.60, intercept 2.20" in done.stdout
    picture = copy / "output" / f"{script.stem}.png"
    assert f"picture: {picture}" in done.stderr and picture.exists()
    assert not list(elsewhere.iterdir())


def test_the_page_of_some(copy):
    command = [sys.executable, "-m", "examples", "02", "04"]
    done = subprocess.run(command, cwd=copy.parent, capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    table = done.stdout.strip().splitlines()
    assert table[0].split() == ["example", "the", "guide", "says", "we", "got", "seconds"]
    assert any(line.split() == ["slope", "0.60", "0.60"] for line in table)
    page = (copy / "output" / "index.html").read_text(encoding="utf-8")
    for name in ("02_line_through_five_points", "04_sigmoid"):
        assert f'<img src="{name}.png"' in page and f"examples/{name}.py" in page
    assert "07_gradient" not in page
    assert not re.search(r"(src|href)=.?(https?:)?//", page), "the page loads something from elsewhere"


def test_a_failure_is_named_and_the_others_still_run(runner, tmp_path, monkeypatch, capsys):
    (tmp_path / "01_bad.py").write_text('"""\nBad\n===\n\nIt fails.\n"""\n\nprint("so far")\nassert 1 == 2, "one is <not> two"\n')
    (tmp_path / "02_good.py").write_text('"""\nGood\n====\n\nIt runs.\n"""\n\nguide = {}\nours = {"two": "2"}\n')
    monkeypatch.setattr(runner, "HERE", tmp_path)
    monkeypatch.setattr(runner, "OUTPUT", tmp_path / "output")
    assert runner.main([]) == 1
    said = capsys.readouterr().out
    assert "01_bad failed:" in said and "AssertionError: one is <not> two" in said and re.search(r"two +– +2", said)
    page = (tmp_path / "output" / "index.html").read_text(encoding="utf-8")
    assert "one is &lt;not&gt; two" in page and "so far" in page and "02 &nbsp;Good" in page
    assert runner.main(["2"]) == 0


def test_a_number_that_is_not_there(runner):
    with pytest.raises(SystemExit, match=r"examples: there is no 99; there are 01, 02, .*23"):
        runner.main(["99"])
