"""The man pages, the completions and the README say of each subcommand what its --help says, no more and no less.

Run as a program, with PUSHMETRICS naming the binary, it prints the list of keys for man/pushmetrics.toml.5.
"""

import functools
import os
import pathlib
import re
import subprocess
import tempfile

import pytest

from support import shells
from support.program import BINARY
from support.shells import COMPLETIONS, SOURCE

MAN = SOURCE / "man"
OVERVIEW = MAN / "pushmetrics.1"
CONFIGURATION = MAN / "pushmetrics.toml.5"


@functools.cache
def help_of(*subcommand):
    done = subprocess.run([BINARY, *subcommand, "--help"], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def subcommands():
    listed = help_of().split("Subcommands:\n", 1)[1].split("\n\n", 1)[0]
    return [line.split()[0] for line in listed.splitlines()]


@functools.cache
def options_of(subcommand):
    """Long names and letters: {"--job", "-j", ...}."""
    found = re.findall(r"^ {2}(?:(-\w), |    )(--[a-z-]+)", help_of(subcommand), re.MULTILINE)
    assert found, help_of(subcommand)
    return {name for names in found for name in names if name}


def options_with_values(subcommand):
    return set(re.findall(r"^ {2}(?:-\w, |    )(--[a-z-]+) \S", help_of(subcommand), re.MULTILINE))


# ---- the man pages ----


def page_of(subcommand):
    return MAN / f"pushmetrics-{subcommand}.1"


@functools.cache
def sections(page=OVERVIEW):
    """The text of the page's sections and subsections by title."""
    parts = re.split(r"^\.S[sh] (.+)\n", page.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def options_in(section):
    options = set()
    for item in re.findall(r"^\.It (Fl .*)$", section, re.MULTILINE):
        for name in re.findall(r"\bFl (\S+)", item):
            options.add("-" + name)
    return options


def man_page_options(subcommand):
    section = sections(page_of(subcommand))["OPTIONS"]
    shared = re.search(r"^It takes the ([\w, ]+) options of\n\.Xr pushmetrics 1\b", section, re.MULTILINE)
    options = options_in(section)
    for name in re.split(", | and ", shared[1]):
        options |= options_in(sections()[f"{name.capitalize()} options"])
    return options


def test_every_subcommand_has_a_man_page_and_the_overview_lists_them():
    pages = sorted(path.name for path in MAN.iterdir())
    assert pages == sorted(page.name for page in (OVERVIEW, CONFIGURATION, *map(page_of, subcommands())))
    listed = re.findall(r"^\.It Xr pushmetrics-(\w+) 1$", sections()["SUBCOMMANDS"], re.MULTILINE)
    assert listed == subcommands()
    seen = re.findall(r"^\.Xr pushmetrics-(\w+) 1", sections()["SEE ALSO"], re.MULTILINE)
    assert seen == sorted(subcommands())


@pytest.mark.parametrize("subcommand", subcommands())
def test_the_man_page_has_every_option_and_no_other(subcommand):
    assert man_page_options(subcommand) == options_of(subcommand)


@pytest.mark.parametrize("subcommand", subcommands())
def test_the_man_page_shows_the_examples_of_the_help(subcommand):
    examples = re.split(r"^Examples?:\n", help_of(subcommand), flags=re.MULTILINE)[1]
    page = sections(page_of(subcommand))["EXAMPLES"].replace("\\e", "\\").replace("\\&", "")
    for line in examples.splitlines():
        assert line[2:] in page


@pytest.mark.parametrize("page", sorted(MAN.iterdir()), ids=lambda page: page.name)
def test_the_man_page_is_clean(page):
    done = subprocess.run(["mandoc", "-T", "lint", page], capture_output=True, text=True, timeout=20)
    # Whether this machine has the pages that it refers to says nothing of the page itself.
    elsewhere = ("mandoc.db", "referenced manual not found")
    complaints = [line for line in done.stdout.splitlines() if not any(words in line for words in elsewhere)]
    assert complaints == [], done.stderr
    ours = re.findall(r"^\.Xr (pushmetrics\S*) (\d)", page.read_text(), re.MULTILINE)
    assert [name for name, section in ours if not (MAN / f"{name}.{section}").exists()] == []
    titled = re.findall(r"^([A-Z][A-Z' ]+) in\n\.Xr (pushmetrics\S*) (\d)", page.read_text(), re.MULTILINE)
    titled += re.findall(r"\b([A-Z]{4,}[A-Z ]*) in\n\.Xr (pushmetrics\S*) (\d)", page.read_text())
    assert [title for title, name, section in titled if title not in sections(MAN / f"{name}.{section}")] == []


def test_the_man_page_names_every_metric_of_a_run():
    command = [BINARY, "run", "--dry-run", "--timeout", "9", "--heartbeat", "9", "--expect-every", "9", "--count", "true"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    names = set(re.findall(r"^# TYPE (\S+)", done.stderr, re.MULTILINE))
    metrics = sections(page_of("run"))["METRICS"]
    assert len(names) >= 12
    assert {name for name in names if name not in metrics} == set()


def test_the_man_page_names_every_variable_that_the_sources_read():
    """Those of options follow a rule, which the page states."""
    text = "\n".join(path.read_text() for path in (SOURCE / "src").rglob("*.cpp"))
    read = set(re.findall(r'(?:getenv|environment_variable|variable|read_secret)\("([A-Z_]+)"', text))
    read |= set(re.findall(r'"(PUSH[A-Z]+_[A-Z_]+)"', text))
    pages = OVERVIEW.read_text() + page_of("run").read_text()
    assert "PUSHMETRICS_FILE" in read and "HOME" in read
    assert {name for name in read if name not in pages and not name.startswith("CURL")} == set()


# ---- configuration files ----


def complaints_about(configuration, tmp_path, words="unknown "):
    file = tmp_path / "config.toml"
    file.write_text(configuration)
    command = [BINARY, "run", "--dry-run", "--config", str(file), "true"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0
    return [line for line in done.stderr.splitlines() if words in line]


FOR_ONE_CALL = " can be given on the command line only"


def long_names(subcommand):
    return {name[2:] for name in options_of(subcommand) if name.startswith("--")}


def names_for_one_call(subcommand, tmp_path):
    """Those that the subcommand does not take from its section. What it has not got keeps it from doing anything."""
    file = tmp_path / f"{subcommand}.toml"
    file.write_text(f"[{subcommand}]\nno-such = 1\n" + "".join(f'{name} = ""\n' for name in long_names(subcommand)))
    command = [BINARY, subcommand, "--config", str(file), *{"run": ["true"], "step": ["x", "true"]}.get(subcommand, [])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert "has no option 'no-such'" in done.stdout + done.stderr
    return set(re.findall(r": ([a-z-]+)" + FOR_ONE_CALL, done.stdout + done.stderr))


def keys_by_subcommand(tmp_path):
    """{key: the subcommands that have it}"""
    keys = {}
    for subcommand in subcommands():
        for name in long_names(subcommand) - names_for_one_call(subcommand, tmp_path):
            keys.setdefault(name, []).append(subcommand)
    return dict(sorted(keys.items()))


def key_list(tmp_path):
    lines = [".Bl -tag -width Ds -compact"]
    for key, having in keys_by_subcommand(tmp_path).items():
        option = rf"^ {{2}}(?:-\w, |    )--{key}(?:\[=| )?(.*?)\]?(?: {{2}}|$)"
        value = re.search(option, help_of(having[0]), re.MULTILINE)[1].strip().strip("'")
        lines.append(f".It Li {key} No = " + (f"Ar {value}" if value else "true | false"))
        lines.append("all" if having == subcommands() else ", ".join(having))
    return "\n".join([*lines, ".El", ""])


def test_the_man_page_lists_every_key_with_its_subcommands(tmp_path):
    assert sections(CONFIGURATION)["KEYS"].endswith(key_list(tmp_path))


def test_every_option_may_stand_above_the_sections_of_a_configuration_file_and_no_other(tmp_path):
    names = set().union(*(long_names(subcommand) for subcommand in subcommands()))
    from_files = set(keys_by_subcommand(tmp_path))
    assert {"url", "job", "lint"} <= from_files
    assert {"help", "config", "dry-run", "json", "metric"} <= names - from_files
    from_files.remove("quiet")  # it would keep complaints from being printed
    good = "".join(f'{name} = "1"\n' for name in sorted(from_files))
    assert complaints_about(good, tmp_path) == complaints_about(good, tmp_path, FOR_ONE_CALL) == []
    others = names - from_files - {"quiet"}
    text = "".join(f'{name} = "1"\n' for name in sorted(others))
    assert len(complaints_about(text, tmp_path, FOR_ONE_CALL)) == len(others)
    assert complaints_about("quiet = true\n", tmp_path) == []
    assert len(complaints_about('ulr = "http://gateway:9091"\nurl = "http://gateway:9091"\n', tmp_path)) == 1


def test_every_subcommand_may_have_a_section_of_a_configuration_file_and_no_other(tmp_path):
    assert complaints_about("".join(f"[{name}]\nverbose = true\n" for name in subcommands()), tmp_path) == []
    (complaint,) = complaints_about("[rum]\nverbose = true\n", tmp_path)
    assert "rum.verbose" in complaint


# ---- --help ----


@pytest.mark.parametrize("subcommand", [(), *((name,) for name in subcommands())])
def test_help_fits_80_columns_and_shows_an_example(subcommand):
    text = help_of(*subcommand)
    assert [line for line in text.splitlines() if len(line) > 80] == []
    assert re.search(r"^Examples?:\n  \S", text, re.MULTILINE)


# ---- the completions ----


@pytest.fixture(scope="module", params=shells.NAMES)
def shell(request, tmp_path_factory):
    started = shells.start(request.param, tmp_path_factory.mktemp("shell") / "home")
    yield started
    started.close()


def test_the_completions_have_every_subcommand_and_no_other(shell):
    assert sorted(shell.candidates("pushmetrics ")) == sorted(subcommands())


@pytest.mark.parametrize("subcommand", subcommands())
def test_the_completions_have_every_option_and_no_other(shell, subcommand):
    offered = shell.candidates(f"pushmetrics {subcommand} --")
    offered += [word for word in shell.candidates(f"pushmetrics {subcommand} -") if not word.startswith("--")]
    assert set(offered) == options_of(subcommand)


def test_the_completions_know_which_options_take_a_value(shell):
    """Behind one that does not, the wrapped command may stand; behind one that does, its value."""
    for option in sorted(options_of("run")):
        if option in ("-h", "--help") or not option.startswith("--"):
            continue
        offered = shell.candidates(f"pushmetrics run {option} frob ")
        takes_value = option in options_with_values("run")
        assert ("alpha" in offered) == (not takes_value), (option, offered)


# ---- other texts ----


def mentioned_options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]\b", text))


FOREIGN = {
    # of git, cmake and others
    "--preset", "--architecture", "--install", "--web", "--depth", "--branch", "--build", "--prefix", "--version", "--help", "--from",
}  # fmt: skip


def test_the_readme_names_no_option_that_is_not_there():
    ours = set().union(*(options_of(name) for name in subcommands()))
    calls = "\n".join(
        line for line in (SOURCE / "README.md").read_text().splitlines() if "pushmetrics" in line or "`--" in line
    )
    assert mentioned_options(calls) - ours - FOREIGN == set()


def test_the_completions_are_where_the_installation_takes_them_from():
    rules = (SOURCE / "CMakeLists.txt").read_text()
    for path in [CONFIGURATION, *(COMPLETIONS / f"pushmetrics.{name}" for name in ("bash", "zsh", "fish"))]:
        assert path.is_file() and str(path.relative_to(SOURCE)) in rules
    assert sorted(os.listdir(COMPLETIONS)) == ["pushmetrics.bash", "pushmetrics.fish", "pushmetrics.zsh"]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        print(key_list(pathlib.Path(scratch)), end="")
