"""The folders of src/ depend on each other in one direction only, as src/CMakeLists.txt links them."""

import collections
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
LARGEST_FOLDER = 40  # files, so that one screen of `ls` shows them


def linked_folders():
    """What each folder is linked with, directly: `pushmetrics_folder(NAME FOLDER...)`."""
    lines = re.findall(r"^pushmetrics_folder\(([^)$]+)\)", (SOURCE / "CMakeLists.txt").read_text(), re.MULTILINE)
    return {words[0]: set(words[1:]) for words in map(str.split, lines) if words[0] != "name"}


def reachable(folder, links):
    found, pending = set(), [folder]
    while pending:
        for other in links[pending.pop()] - found:
            found.add(other)
            pending.append(other)
    return found


def included_folders(path):
    return {include.split("/")[0] for include in re.findall(r'^\s*#include "([^"]+/[^"]+)"', path.read_text(), re.MULTILINE)}


def sources(folder):
    return [path for path in sorted(folder.iterdir()) if path.suffix in (".cpp", ".hpp")]


LINKS = linked_folders()


def test_every_folder_is_a_linked_target():
    assert set(LINKS) == {path.name for path in SOURCE.iterdir() if path.is_dir() and sources(path)}


@pytest.mark.parametrize("folder", sorted(LINKS))
def test_no_folder_depends_on_itself_through_others(folder):
    assert folder not in reachable(folder, LINKS)


@pytest.mark.parametrize("folder", sorted(LINKS))
def test_a_folder_includes_only_what_it_is_linked_with(folder):
    allowed = reachable(folder, LINKS) | {folder}
    wrong = {str(path.relative_to(SOURCE)): sorted(included_folders(path) - allowed) for path in sources(SOURCE / folder)}
    assert {name: folders for name, folders in wrong.items() if folders} == {}


@pytest.mark.parametrize("folder", sorted(LINKS))
def test_a_unit_test_stands_in_the_folder_of_what_it_tests(folder):
    tests = ROOT / "tests/unit" / folder
    for path in sources(tests) if tests.exists() else []:
        subject = re.search(r'#include "([^"]+)"', path.read_text()).group(1)
        assert subject.split("/")[0] == folder, f"{path.name} tests {subject}"


def test_no_folder_is_too_large_to_be_taken_in_at_a_glance():
    sizes = collections.Counter({folder: len(sources(SOURCE / folder)) for folder in LINKS})
    assert sizes.most_common(1)[0][1] <= LARGEST_FOLDER, sizes.most_common(3)
