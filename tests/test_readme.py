"""The README's program does what the README prints, and its figures hold."""

import re
import subprocess
import sys
from pathlib import Path

import museum
import pytest

README = (Path(__file__).parent.parent / "README.md").read_text()


PROGRAMS = list(zip(*(re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL) for kind in ("python", "text")), strict=True))


@pytest.mark.parametrize(("program", "printed"), PROGRAMS, ids=["a model", "a check"])
def test_the_programs_print_what_the_readme_says(program, printed):
    assert len([line for line in program.splitlines() if line]) <= 12
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == printed


def test_the_museum_is_as_large_as_the_readme_says():
    slips, right = re.search(r"holds (\d+) slips.* and (\d+) right gradients", README).groups()
    assert (len(museum.SLIPS), len(museum.RIGHT)) == (int(slips), int(right))


def test_links_lead_somewhere():
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert link.startswith("https://") or (Path(__file__).parent.parent / link).exists(), link
