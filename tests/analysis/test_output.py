"""The scripts write into devices and FIFOs, through links, and to standard output."""

import os
import stat
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

ANALYSIS = Path(__file__).resolve().parent.parent.parent / "analysis"
sys.path.insert(0, str(ANALYSIS))

from output import is_standard_output, write_output  # noqa: E402


class Output(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.at = Path(self.folder.name)

    def test_a_regular_file_is_replaced_with_its_permissions(self):
        (self.at / "f").write_bytes(b"old")
        os.chmod(self.at / "f", 0o640)
        write_output(self.at / "f", b"new")
        self.assertEqual((self.at / "f").read_bytes(), b"new")
        self.assertEqual(stat.S_IMODE((self.at / "f").stat().st_mode), 0o640)
        self.assertEqual(os.listdir(self.at), ["f"])

    def test_links_are_followed_whether_they_lead_to_something_or_not(self):
        os.symlink("real", self.at / "link")
        for text in (b"made", b"replaced"):
            write_output(self.at / "link", text)
            self.assertTrue((self.at / "link").is_symlink())
            self.assertEqual((self.at / "real").read_bytes(), text)
        os.symlink("loop", self.at / "loop")
        with self.assertRaises(OSError):
            write_output(self.at / "loop", b"x")

    def test_a_fifo_gets_a_picture(self):
        import style
        os.mkfifo(self.at / "fifo")
        got = []
        reader = threading.Thread(target=lambda: got.append((self.at / "fifo").read_bytes()))
        reader.start()
        style.save(style.new_figure(2), self.at / "fifo")
        reader.join()
        self.assertTrue(got[0].startswith(b"\x89PNG"))
        self.assertTrue((self.at / "fifo").is_fifo())

    def test_devices_stay_devices_and_a_full_one_is_said(self):
        write_output("/dev/null", b"x")
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))
        import style
        with self.assertRaisesRegex(SystemExit, "/dev/full: cannot be written: No space left"):
            style.save(style.new_figure(2), "/dev/full")

    def test_standard_output_by_each_of_its_names(self):
        for name in ("-", "/dev/stdout", "/dev/fd/1"):
            self.assertTrue(is_standard_output(name))
            code = f"from output import write_output; print('a'); write_output({name!r}, b'b'); print('c')"
            done = subprocess.run([sys.executable, "-c", code], cwd=ANALYSIS, stdout=subprocess.PIPE,
                                  check=True)
            self.assertEqual(done.stdout, b"a\nbc\n")
        self.assertFalse(is_standard_output(self.at / "f"))


if __name__ == "__main__":
    unittest.main()
