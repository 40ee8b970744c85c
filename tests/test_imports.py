"""The arrows of import go one way, and the server process never imports a model's library."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest
from running import environment

import bridge

PACKAGE = Path(bridge.__file__).parent

# the layers, lowest first: a module imports from its own layer's listed names or from lower layers
LAYERS = [
    {"errors", "", "bench.machine"},
    {"music", "packet", "config"},
    {"protocol", "home", "engines"},
    {"schema", "jobs", "osc", "client", "engines.registry", "stem_model", "sections"},
    {"manifest", "mailbox", "worker", "dropfolder", "admission", "progress"},
    {"service"},
    {"server"},
    {"cli.connect", "cli.serve", "bench"},
    {"cli"},
    {"cli.ask", "cli.info", "cli.doctor", "cli.install"},
    # models may pull: it reaches into the engines, lazily, in a process of its own
    {"__main__"},
]
SERVER_SIDE = set().union(*LAYERS)
HEAVY = {
    "torch",
    "transformers",
    "onnxruntime",
    "scipy",
    "soxr",
    "pyloudnorm",
    "numpy",
    "soundfile",
}


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> set[str]:
    """Modules of the package that `path` imports anywhere, as names relative to it."""
    here = ["bridge", *path.relative_to(PACKAGE).with_suffix("").parts][:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = [*here[: len(here) - node.level + 1], *(node.module or "").split(".")]
        base_name = ".".join(part for part in base if part)
        for alias in node.names:
            inner = PACKAGE.parent.joinpath(*base_name.split("."), alias.name)
            is_module = inner.with_suffix(".py").exists() or (inner / "__init__.py").exists()
            full = f"{base_name}.{alias.name}" if is_module else base_name
            found.add(full.removeprefix("bridge").lstrip("."))
    return found


def test_arrows_of_the_server_point_down():
    level = {name: depth for depth, names in enumerate(LAYERS) for name in names}
    for name in SERVER_SIDE:
        path = PACKAGE.joinpath(*name.split(".")) if name else PACKAGE
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if not file.exists():
            continue
        for target in imports_of(file):
            assert target in level, f"{name} imports {target}, which is not on the server's side"
            assert level[target] < level[name] or target == name, f"{name} must not import {target}"


def test_torch_is_imported_only_where_models_live():
    homes = ("engines/musicgen/", "separate", "stem_model", "bench/")
    for path in PACKAGE.rglob("*.py"):
        text = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            heavy = {n.split(".")[0] for n in names} & {"torch", "transformers"}
            assert not heavy or text.startswith(homes), f"{text} imports {heavy}"


def loaded_by(code: str, nothing: Path) -> set[str]:
    script = f"{code}\nimport sys; print(' '.join(m.split('.')[0] for m in sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(nothing),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.splitlines()[-1].split())


def test_the_server_process_loads_no_heavy_library(tmp_path):
    code = (
        "import bridge.server\n"
        "from bridge.engines.registry import engine_paths, info_of, Choice, local_models\n"
        "from pathlib import Path\n"
        "[info_of(Choice(name)) for name in ('sketch', 'musicgen')]\n"
        f"local_models(Path({str(tmp_path)!r}))"
    )
    assert not loaded_by(code, tmp_path) & HEAVY


@pytest.mark.parametrize("arguments", [["-c", "import bridge"], ["-m", "bridge", "--help"]])
def test_start_is_quick(arguments):
    took = []
    for _ in range(5):
        began = time.perf_counter()
        command = [sys.executable, *arguments]
        subprocess.run(command, env=environment(), check=True, capture_output=True)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.3
