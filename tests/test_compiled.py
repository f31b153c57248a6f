"""The stamp of compiled code on disk: it covers whatever may have been inlined."""

from pathlib import Path

from primitives import compiled

ROOT = Path(compiled.__file__).parents[1]


def test_a_domain_is_stamped_as_a_whole():
    """Training inlines tasks, tasks share modules above them: all of `searches.optimizers`, and nothing beside it."""
    for module in ("training.py", "tasks/transformer.py"):
        assert compiled._package(str(ROOT / "searches" / "optimizers" / module)) == ROOT / "searches"
    assert compiled._package(str(ROOT / "discover" / "breed.py")) == ROOT / "discover"


def test_a_change_below_a_package_is_a_change(tmp_path):
    def stamp():
        compiled._sources.cache_clear()
        return compiled._sources(tmp_path)

    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "part.py").write_text("A = 1\n")
    alone = stamp()
    (tmp_path / "below" / "part.py").write_text("A = 2\n")
    assert stamp() == alone  # a folder that is no package, a home folder say, is not searched
    (tmp_path / "__init__.py").touch()
    package = stamp()
    (tmp_path / "below" / "part.py").write_text("A = 3\n")
    assert stamp() != package
    compiled._sources.cache_clear()
