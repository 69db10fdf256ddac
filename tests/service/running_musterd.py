"""musterd as a process, for tests in Python; in C++ that is musterd_process.h."""

import pathlib
import signal
import subprocess

# A wait that takes longer has failed.
DEADLINE_SECONDS = 60


class RunningMusterd:
    """Serves a store on a port of this machine, one that is free unless `listen` says which, until stop()."""

    def __init__(self, program, folder, *words, listen="127.0.0.1:0"):
        """The folder, which must exist, takes the store and the log; `words` are further arguments."""
        folder = pathlib.Path(folder)
        self._log_file = folder / "musterd.log"
        with open(self._log_file, "ab") as log:
            self._process = subprocess.Popen(
                # Whatever this machine has in /etc is not read.
                [program, "--config", "/dev/null", "--store", folder / "store", "--listen", listen, *words],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        words = self._process.stdout.readline().split()
        if words[:2] != ["listening", "on"]:
            self.stop()
            raise AssertionError(f"musterd does not listen:\n{self.log()}")
        self.address = words[2]

    def stop(self):
        """Asks it to end, waits until it has, and returns its exit code. Does no more the second time."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        self._process.stdout.close()
        try:
            return self._process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def log(self):
        """What it has logged so far."""
        return self._log_file.read_text(encoding="utf-8")
