"""The house rules that a linter does not see."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("warehouse", "pipelines", "api")
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 50
MAX_EXPLAINED_FUNCTION_LINES = 70

# Written in pieces: this file is a tracked file too.
REGISTRY_HOSTS = [
    "pypi" + ".org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "yarn" + "pkg.com",
    "crates" + ".io",
    "proxy.golang" + ".org",
    "repo1.maven" + ".org",
]


def tracked_files() -> list[Path]:
    """Tracked files and those that would be tracked when added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def python_files(*folders: str) -> list[Path]:
    return [
        path
        for path in tracked_files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in (folders or PACKAGES)
    ]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def places(pattern: str, *folders: str, apart_from: tuple[str, ...] = ()) -> list[str]:
    """Lines of our code that match, as file:line."""
    return [
        f"{name}:{number}"
        for path in python_files(*folders)
        if (name := path.relative_to(ROOT).as_posix()) not in apart_from
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]


def test_no_file_is_longer_than_300_lines() -> None:
    files = python_files(*PACKAGES, "tests", "benchmarks")
    long = {
        str(path.relative_to(ROOT)): count
        for path in files
        if (count := len(path.read_text().splitlines())) > MAX_FILE_LINES
    }
    assert long == {}


def test_no_function_is_longer_than_50_lines_or_70_with_a_reason() -> None:
    long = []
    for path in python_files(*PACKAGES, "tests"):
        lines = path.read_text(encoding="utf-8").splitlines()
        for function in functions(path):
            last = function.end_lineno or function.lineno
            explained = any(re.search(r"# long: \S+", line) for line in lines[function.lineno - 1 : last])
            limit = MAX_EXPLAINED_FUNCTION_LINES if explained else MAX_FUNCTION_LINES
            if last - function.lineno + 1 > limit:
                long.append(f"{path.relative_to(ROOT)}:{function.lineno} {function.name}")
    assert long == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        path
        for path in python_files(*PACKAGES, "tests")
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_every_folder_of_modules_is_a_package() -> None:
    # Alembic loads its scripts by path; a package would only invite imports.
    folders = {path.parent for path in python_files() if "migrations" not in path.parts}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
    assert [package for package in PACKAGES if not (ROOT / package / "py.typed").exists()] == []


def test_only_the_settings_read_the_environment() -> None:
    assert (
        places(r"\bos\.(environ|getenv)\b|from os import .*\b(environ|getenv)\b", apart_from=("warehouse/settings.py",))
        == []
    )


def test_only_the_warehouse_opens_duckdb() -> None:
    assert places(r"\bduckdb\.connect\(|from duckdb import .*\bconnect\b", "pipelines", "api") == []


def test_nothing_that_handles_money_makes_a_float() -> None:
    folders = {"warehouse/domain", "api", "pipelines"}
    # Seconds and the like say so: `# not money`.
    found = places(r"(?<![\w.])float\((?!.*# not money)", *PACKAGES)
    assert [place for place in found if any(place.startswith(folder + "/") for folder in folders)] == []


def test_no_tracked_file_names_a_package_registry() -> None:
    pattern = re.compile("|".join(re.escape(host) for host in REGISTRY_HOSTS).encode(), re.IGNORECASE)
    assert [str(path.relative_to(ROOT)) for path in tracked_files() if pattern.search(path.read_bytes())] == []


@pytest.mark.timeout(60)
def test_the_import_rules_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
