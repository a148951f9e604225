"""Starts `meshdoctor replay` on a world and waits until it answers; runs the other commands against it."""

import json
import os
import subprocess
import tempfile
import time
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
WORLDS = REPOSITORY / "fixtures" / "worlds"
INCIDENTS = REPOSITORY / "fixtures" / "incidents"
BINARY = Path(
    os.environ.get("MESHDOCTOR")
    or Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target") / "debug" / "meshdoctor"
).absolute()

# Loopback goes through no proxy, whatever the surroundings say.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"

# The longest that anything here may take, in seconds.
PATIENCE = 60


class Replay:
    """A world that is served until the end of the `with` block."""

    def __init__(self, world, *flags):
        self.world = Path(world)
        self.flags = flags

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="conformance-")
        self.folder = Path(self._folder.name)
        config = self.folder / "meshdoctor.toml"
        log = (self.folder / "replay.log").open("wb")
        self._server = subprocess.Popen(
            [BINARY, "replay", self.world, "--config-out", config, *self.flags],
            stdout=log,
            stderr=log,
            env=environment(self.folder),
        )
        log.close()
        try:
            self._wait_for(config)
        except BaseException:
            self.__exit__()
            raise
        self.config = tomllib.loads(config.read_text())
        self.token = self.config["access-token"]
        self.kubeconfig = Path(self.config["kubeconfig"])
        self.url = self.config["endpoints"]["logging"]
        return self

    def _wait_for(self, config):
        deadline = time.monotonic() + PATIENCE
        while not config.exists():
            if self._server.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "replay.log").read_text()
                raise RuntimeError(f"replay of {self.world} did not start: {said}")
            time.sleep(0.01)

    def __exit__(self, *_):
        self._server.terminate()
        self._server.wait(PATIENCE)
        self._folder.cleanup()

    def read(self, path):
        """A JSON file of the world, by its path in the layout."""
        return json.loads((self.world / path).read_text())


def environment(home):
    """Nothing of the caller's own configuration."""
    kept = {name: os.environ[name] for name in ("PATH", "NO_PROXY", "no_proxy") if name in os.environ}
    return kept | {"HOME": str(home), "TMPDIR": str(home)}


def check(config, folder, *flags):
    """Runs `meshdoctor check` with a configuration file; the report, or the plain text of what prints none."""
    ended = subprocess.run(
        [BINARY, "check", "--config", config, *flags],
        capture_output=True,
        text=True,
        env=environment(folder),
        timeout=PATIENCE,
    )
    if ended.returncode not in (0, 1, 3):
        raise RuntimeError(f"check ended with {ended.returncode}: {ended.stderr}")
    return json.loads(ended.stdout) if "json" in flags else ended.stdout
