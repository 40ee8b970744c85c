"""Writing an ONNX graph by hand: nodes in order, weights beside it in one file that loads by mapping."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

_OPSET, _IR = 20, 9
_ALIGNMENT = 4096  # weights start at page borders, so that they can be mapped
_INLINE_BYTES = 256
_TYPES = {"float": TensorProto.FLOAT, "int64": TensorProto.INT64, "int32": TensorProto.INT32}
_NUMPY_TYPES = {np.dtype(t): getattr(TensorProto, n) for t, n in (
    ("float32", "FLOAT"), ("int64", "INT64"), ("int32", "INT32"), ("uint8", "UINT8"), ("int8", "INT8"),
)}  # fmt: skip

Array = NDArray[Any]


def array_of(tensor: Any) -> NDArray[np.float32]:
    """A torch weight as float32 numpy."""
    return np.asarray(tensor.detach().float().cpu().numpy(), dtype=np.float32)


class OnnxFile:
    """One graph under construction; leaving the `with` block writes `NAME.onnx` beside `NAME.bin`."""

    def __init__(self, path: Path) -> None:
        self._path, self._data_path = path, path.with_suffix(".bin")
        self._nodes: list[Any] = []
        self._tensors: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._count = 0
        self._constants: dict[bytes, str] = {}

    def __enter__(self) -> OnnxFile:
        self._data = open(self._data_path, "wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        self._data.close()
        if kind is not None:
            return
        graph = helper.make_graph(
            self._nodes, self._path.stem, self._inputs, self._outputs, self._tensors
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR)
        self._path.write_bytes(model.SerializeToString())

    def input(self, name: str, kind: str, shape: list[int | str]) -> str:
        """Declare an input; `kind` is "float", "int32" or "int64"."""
        self._inputs.append(helper.make_tensor_value_info(name, _TYPES[kind], shape))
        return name

    def output(self, name: str, kind: str, shape: list[int | str]) -> None:
        """Declare an output; a node must produce `name`."""
        self._outputs.append(helper.make_tensor_value_info(name, _TYPES[kind], shape))

    def tensor(self, array: Array) -> str:
        """A constant; large ones go to the data file, equal small ones are stored once."""
        array = np.asarray(array, order="C")
        raw = array.tobytes() if array.nbytes <= _INLINE_BYTES else b""
        key = raw and raw + str((array.dtype, array.shape)).encode()
        if key and key in self._constants:
            return self._constants[key]
        self._count += 1
        proto = TensorProto(
            name=f"w{self._count}", data_type=_NUMPY_TYPES[array.dtype], dims=array.shape
        )
        if key:
            proto.raw_data = raw
            self._constants[key] = proto.name
        else:
            self._data.write(b"\0" * (-self._data.tell() % _ALIGNMENT))
            place = {
                "location": self._data_path.name,
                "offset": self._data.tell(),
                "length": array.nbytes,
            }
            array.tofile(self._data)
            proto.data_location = TensorProto.EXTERNAL
            for field, value in place.items():
                proto.external_data.add(key=field, value=str(value))
        self._tensors.append(proto)
        return str(proto.name)

    def ints(self, *values: int) -> str:
        """A constant list of int64."""
        return self.tensor(np.array(values, dtype=np.int64))

    def node(self, kind: str, *inputs: str, outputs: int | list[str] = 1, **attributes: Any) -> Any:
        """Append a node; returns the name of its output, or a tuple of them.

        `outputs` is how many, or their names ("" leaves one out). Kinds that start with "ms." are
        ONNX Runtime's own (domain com.microsoft).
        """
        domain = "com.microsoft" if kind.startswith("ms.") else ""
        if isinstance(outputs, int):
            self._count += 1
            outputs = [f"t{self._count}_{i}" for i in range(outputs)]
        node = helper.make_node(
            kind.removeprefix("ms."), list(inputs), outputs, domain=domain, **attributes
        )
        self._nodes.append(node)
        names = tuple(name for name in outputs if name)
        return names[0] if len(names) == 1 else names


def check(path: Path) -> None:
    """Raise when the written graph is not valid ONNX."""
    onnx.checker.check_model(str(path))
