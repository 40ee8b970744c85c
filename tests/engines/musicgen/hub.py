"""A model hub on localhost that serves one folder the way huggingface_hub expects."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def serve_hub(
    folder: Path, repo: str, lie_about: str = "", break_after: int = 0
) -> Iterator[tuple[str, list[str]]]:
    """Yield (endpoint, ranges asked for); `lie_about` gets a wrong hash; the first weight download
    breaks off after `break_after` bytes."""
    ranges: list[str] = []
    state = {"break": break_after}

    def digest(path: Path) -> str:
        text = hashlib.sha256(path.read_bytes()).hexdigest()
        return "0" * 64 if path.name == lie_about else text

    def listing() -> bytes:
        siblings = []
        for path in sorted(folder.iterdir()):
            entry: dict[str, object] = {"rfilename": path.name, "size": path.stat().st_size}
            if path.suffix in (".bin", ".safetensors"):
                entry["lfs"] = {"sha256": digest(path), "size": entry["size"], "pointerSize": 100}
            siblings.append(entry)
        return json.dumps({"id": repo, "sha": COMMIT, "siblings": siblings}).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, body: bool) -> None:
            path = self.path.split("?")[0]
            if path.startswith("/api/models/"):
                self._send(200, listing(), {}, body)
                return
            file = folder / path.rsplit("/", 1)[1]
            data = file.read_bytes()
            headers = {
                "X-Repo-Commit": COMMIT,
                "ETag": f'"{digest(file)}"',
                "Accept-Ranges": "bytes",
            }
            wanted = self.headers.get("Range", "")
            status = 200
            if wanted.startswith("bytes=") and body:
                ranges.append(wanted)
                start = int(wanted[6:].split("-")[0])
                headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
                data, status = data[start:], 206
            self._send(status, data, headers, body)

        def _send(self, status: int, data: bytes, headers: dict[str, str], body: bool) -> None:
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(key, value)
            self.end_headers()
            if not body:
                return
            if state["break"] and len(data) > 2 * state["break"]:
                data, state["break"] = data[: state["break"]], 0
                self.close_connection = True
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", ranges
    finally:
        server.shutdown()
        server.server_close()
