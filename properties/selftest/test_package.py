"""The wheel: what pyproject.toml says is in it."""

import tomllib

import pytest

from shrinkage import __version__
from shrinkage.properties.selftest.own_pytest import ROOT

pytestmark = pytest.mark.power

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FOLDERS = PROJECT["tool"]["setuptools"]["package-dir"]
INSIDE = ("selftest", "examples")  # of a clone and of the sdist: they are about the suite itself


def test_every_folder_of_code_is_a_package_of_the_wheel():
    """But those that are about the suite itself."""
    found = set()
    for package, folder in FOLDERS.items():
        for file in (ROOT / folder).rglob("__init__.py"):
            inside = file.parent.relative_to(ROOT / folder).parts
            if not set(inside) & set(INSIDE):
                found.add(".".join((package, *inside)))
    packages = PROJECT["tool"]["setuptools"]["packages"]
    assert len(packages) == len(set(packages))
    assert set(packages) == found


def test_every_other_file_is_data_of_the_wheel_or_meant_to_stay():
    """Schemas and templates are in it; stored results and documents are not."""
    data = PROJECT["tool"]["setuptools"]["package-data"]
    patterns = {pattern for kind in data.values() for pattern in kind}
    for folder in FOLDERS.values():
        for file in (ROOT / folder).rglob("*"):
            inside = file.relative_to(ROOT / folder).parts
            skipped = {*INSIDE, "__pycache__", "results"} & set(inside) or file.suffix in (".py", ".md")
            if file.is_file() and not skipped and not any(part.startswith(".") for part in inside):
                assert any(file.match(pattern) for pattern in patterns), file


def test_the_version_is_in_one_place():
    """Where the build reads it, without an import."""
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "shrinkage.__version__"}
    assert f'\n__version__ = "{__version__}"\n' in (ROOT / "impl" / "__init__.py").read_text(encoding="utf-8")
