"""What "auto" means on which machine, and what is refused; the machines' answers are set here."""

import pytest
import torch
from torch.torch_version import TorchVersion

from bridge.engines.musicgen import opening
from bridge.engines.musicgen.opening import settle
from bridge.errors import BridgeError


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> object:
    def has(
        cuda: tuple[int, int] | None = None, mps: bool = False, version: str = "2.13.0"
    ) -> None:
        monkeypatch.setattr(opening, "accelerator_likely", lambda: bool(cuda or mps))
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda is not None)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(torch, "__version__", TorchVersion(version))

    return has


@pytest.mark.parametrize(
    ("there", "device", "precision", "settled"),
    [
        ({}, "auto", "auto", ("cpu", "int8")),
        ({}, "cpu", "bf16", ("cpu", "bf16")),
        ({"cuda": (9, 0)}, "auto", "auto", ("cuda", "bf16")),
        ({"cuda": (7, 5)}, "auto", "auto", ("cuda", "fp16")),
        ({"cuda": (9, 0)}, "auto", "fp32", ("cuda", "fp32")),
        ({"cuda": (9, 0)}, "auto", "int8", ("cpu", "int8")),
        ({"cuda": (9, 0)}, "cpu", "auto", ("cpu", "int8")),
        ({"mps": True}, "auto", "auto", ("mps", "fp16")),
        ({"mps": True}, "mps", "bf16", ("mps", "bf16")),
        ({"mps": True, "version": "2.12.1"}, "auto", "auto", ("cpu", "int8")),
        ({"cuda": (9, 0), "version": "2.5.1"}, "auto", "auto", ("cuda", "bf16")),
    ],
)
def test_auto(
    machine: object, there: dict[str, object], device: str, precision: str, settled: tuple[str, str]
) -> None:
    machine(**there)  # type: ignore[operator]
    assert settle(device, precision) == settled


@pytest.mark.parametrize(
    ("there", "device", "precision", "sentence"),
    [
        ({}, "cuda", "auto", "there is no cuda device here; use --device auto"),
        ({"cuda": (9, 0)}, "mps", "auto", "there is no mps device here"),
        ({"version": "2.12.1"}, "mps", "auto", "there is no mps device here"),
        ({"cuda": (9, 0)}, "cuda", "int4", "precision int4 is for processors; use bf16"),
        ({"mps": True, "version": "2.12.1"}, "mps", "auto", "mps needs torch 2.13 or later.*2.12.1"),
    ],
)  # fmt: skip
def test_refusals(
    machine: object, there: dict[str, object], device: str, precision: str, sentence: str
) -> None:
    machine(**there)  # type: ignore[operator]
    with pytest.raises(BridgeError, match=sentence):
        settle(device, precision)
