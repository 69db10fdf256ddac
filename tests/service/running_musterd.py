"""musterd, and programs that start as it does, as processes, for tests in Python; in C++ that is musterd_process.h."""

import pathlib
import signal
import subprocess

# A wait that takes longer has failed.
DEADLINE_SECONDS = 60


class RunningProgram:
    """Runs, until stop(), a program that says in its first line where it is."""

    def __init__(self, arguments, log_file, greeting):
        """The line begins with the two words of `greeting`; the address follows. What it logs goes to `log_file`."""
        self._log_file = log_file
        with open(log_file, "ab") as log:
            self._process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                             text=True)
        words = self._process.stdout.readline().split()
        if words[:2] != greeting.split():
            self.stop()
            raise AssertionError(f"no line \"{greeting} ...\":\n{self.log()}")
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


class RunningMusterd(RunningProgram):
    """Serves a store on a port of this machine, one that is free unless `listen` says which, until stop()."""

    def __init__(self, program, folder, *words, listen="127.0.0.1:0"):
        """The folder, which must exist, takes the store and the log; `words` are further arguments."""
        folder = pathlib.Path(folder)
        # Whatever this machine has in /etc is not read.
        super().__init__([program, "--config", "/dev/null", "--store", folder / "store", "--listen", listen, *words],
                         folder / "musterd.log", "listening on")
