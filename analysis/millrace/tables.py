"""Reads the CSV tables of runs in pieces, columns on demand: a table of any size needs the memory of a
piece.

A number that cannot be read, a row with too few fields and a missing column are errors that name the
place; a last line without its line break is not a row (the run was killed while it wrote it). A table
that is larger than its limit is read in blocks spread evenly over it, and `Table.share` says how much
that is."""

import csv
import io
import os
from pathlib import Path

import numpy as np

PIECE = 2 << 20  # bytes
COMMA, BREAK, QUOTE = 44, 10, 34
PAD = 24  # bytes, three words: longer numbers are read another way
ZEROS, SIXES, HIGH = (np.uint64(each * 0x0101010101010101) for each in (0x30, 0x06, 0xF0))
FIRST = np.array([(1 << 8 * count) - 1 for count in range(9)], dtype=np.uint64)  # the first bytes of a word
LAST = ~FIRST[::-1]  # its last ones


class RunError(Exception):
    """The directory is not a run directory, or a file in it is not as a run writes it."""


class Rows:
    """Some rows of a table, of whose `raw` bytes the first and the last PAD belong to no cell."""

    def __init__(self, table, raw, begins, ends):
        self._table, self._raw, self._begins, self._ends = table, raw, begins, ends

    def __len__(self):
        return len(self._ends)

    def where(self, mask):
        return Rows(self._table, self._raw, self._begins[mask], self._ends[mask])

    def has(self, name):
        return name in self._table.names

    def numbers(self, name):
        """float64; an empty cell is NaN. Whole numbers are exact up to 2^53."""
        if len(self) == 0:
            return np.zeros(0)
        begin, end = self._bounds(name)
        values = self._decimal_numbers(begin, end)
        if values is None:
            texts = np.array(self.strings(name))
            texts[texts == ""] = "nan"
            try:
                values = texts.astype(float)
            except ValueError as error:
                raise RunError(f"reading {self._table.path}: column {name}: {error}") from error
        values[begin == end] = np.nan
        return values

    def texts(self, name):
        """(codes, names): row i has the text names[codes[i]]; the codes of a text are the same in all
        pieces. Texts are told apart by 64-bit words: exactly up to 8 bytes, longer ones by a hash of
        their words."""
        hashes, names = self._table.texts.setdefault(name, ([], []))
        begin, end = self._bounds(name)
        words = self._hashes(begin, end)
        codes = np.full(len(self), -1, dtype=np.int32)
        while True:
            if hashes:
                known = np.array(hashes, dtype=np.uint64)
                order = np.argsort(known)
                at = order[np.minimum(np.searchsorted(known[order], words), len(order) - 1)]
                codes = np.where(known[at] == words, at, -1).astype(np.int32)
            unknown = np.flatnonzero(codes < 0)
            if len(unknown) == 0:
                return codes, names
            for row in unknown[np.unique(words[unknown], return_index=True)[1]]:
                hashes.append(int(words[row]))
                names.append(bytes(self._raw[begin[row] : end[row]]).decode("utf-8", "replace"))

    def strings(self, name):
        """The cells as they are; for a few rows."""
        begin, end = self._bounds(name)
        return [bytes(self._raw[a:b]).decode("utf-8", "replace") for a, b in zip(begin, end)]

    def bytes_read(self):
        return int(self._ends[-1, -1]) - int(self._begins[0]) + 1 if len(self) else 0

    def _bounds(self, name):
        at = self._table.index(name)
        begin = self._begins if at == 0 else self._ends[:, at - 1] + 1
        return begin, self._ends[:, at]

    def _load(self, place):
        """The 8 bytes from each place on, the first one lowest."""
        overlapping = np.ndarray((len(self._raw) - 7,), "<u8", self._raw, strides=(1,))
        return overlapping[place]

    def _decimal_numbers(self, begin, end):
        """The values where all cells are digits, with at most one point at one place from the end; else
        None."""
        point = bytes(self._raw[begin[0] : end[0]]).rfind(b".")
        if point < 0:
            return self._whole_numbers(begin, end)
        decimals = int(end[0] - begin[0]) - point - 1
        middle = end - decimals - 1
        if (middle < begin).any() or (self._raw[middle] != ord(".")).any():
            return None
        whole, rest = self._whole_numbers(begin, middle), self._whole_numbers(middle + 1, end)
        return None if whole is None or rest is None else whole + rest / 10.0**decimals

    def _whole_numbers(self, begin, end):
        length = end - begin
        widest = int(length.max())
        if widest > PAD:
            return None
        values = np.zeros(len(length))
        for part in range(-(-widest // 8)):
            count = np.clip(length - 8 * part, 0, 8)
            digits = (self._load(end - 8 * (part + 1)) & LAST[count]) | (ZEROS & ~LAST[count])
            digits ^= ZEROS
            if ((digits | (digits + SIXES)) & HIGH).any():
                return None
            # Two digits, four, and eight at a time: D. Lemire, "Quickly parsing eight digits", 2018.
            digits = (digits * np.uint64(2561)) >> np.uint64(8)
            digits = ((digits & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601)) >> np.uint64(16)
            digits = ((digits & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001)) >> np.uint64(32)
            values += digits.astype(np.float64) * 10.0 ** (8 * part)
        return values

    def _hashes(self, begin, end):
        length = end - begin
        hashed = self._load(begin) & FIRST[np.minimum(length, 8)]
        for part in range(1, -(-int(length.max(initial=0)) // 8)):
            longer = np.flatnonzero(length > 8 * part)
            word = self._load(begin[longer] + 8 * part) & FIRST[np.minimum(length[longer] - 8 * part, 8)]
            hashed[longer] = (hashed[longer] * np.uint64(0x9E3779B97F4A7C15)) ^ (word + np.uint64(part))
        return hashed


class Table:
    """A CSV file of a run. `limit`: the most bytes that are read of it."""

    def __init__(self, path, columns=(), limit=None):
        self.path = Path(path)
        self.texts = {}
        self.exists = self.path.is_file()
        self.names, self._first_byte = [], 0
        if self.exists:
            with open(self.path, "rb") as file:
                header = file.readline()
                self._first_byte = file.tell()
            text = header.decode("utf-8", "replace")
            self.names = next(csv.reader([text.strip()]), []) if text.endswith("\n") else []
        self.size = max(0, self.path.stat().st_size - self._first_byte) if self.exists else 0
        if self.names:
            missing = [column for column in columns if column not in self.names]
            if missing:
                raise RunError(f"reading {self.path}: no column {', '.join(missing)}")
        else:
            self.exists = False
        self._limit = limit if limit and limit < self.size else None

    @property
    def share(self):
        """The part of the file that is read, of 1."""
        return self._limit / self.size if self._limit else 1.0

    def index(self, name):
        if name not in self.names:
            raise RunError(f"reading {self.path}: no column {name}")
        return self.names.index(name)

    def pieces(self, told=None):
        """Yields Rows. `told(bytes)` is called with how much more was read."""
        if not self.exists:
            return
        for begin, end in self._spans():
            yield from self._span(begin, end, told)

    def last_pieces(self):
        """The rows of the last megabyte or so."""
        if self.exists:
            end = self._first_byte + self.size
            yield from self._span(max(self._first_byte, end - (1 << 20)), end, None)

    def _spans(self):
        first, last = self._first_byte, self._first_byte + self.size
        if not self._limit:
            return [(first, last)]
        count = max(2, self._limit // (PIECE // 2))
        wide = self._limit // count
        return [
            (
                first + int((self.size - wide) * k / (count - 1)),
                first + int((self.size - wide) * k / (count - 1)) + wide,
            )
            for k in range(count)
        ]

    def _span(self, begin, end, told):
        rest, from_top = b"", begin == self._first_byte
        with open(self.path, "rb") as file:
            file.seek(begin)
            if not from_top:
                begin += len(file.readline())
            while begin < end:
                read = file.read(min(PIECE, end - begin))
                if not read:
                    break
                begin += len(read)
                if told:
                    told(len(read))
                whole = read.rfind(b"\n") + 1
                if whole == 0:
                    rest += read
                    continue
                yield self._rows(rest + read[:whole], begin - len(read) - len(rest) if from_top else None)
                rest = read[whole:]

    def _rows(self, content, place):
        """`place`: where the content begins in the file, to name the line of a fault; None: not known."""
        count = len(self.names)
        if QUOTE in content or b"\r" in content:
            content = self._unquoted(content, place)
        raw = np.zeros(len(content) + 2 * PAD, dtype=np.uint8)
        raw[PAD:-PAD] = np.frombuffer(content, dtype=np.uint8)
        stops = np.flatnonzero((raw == COMMA) | (raw == BREAK))
        if len(stops) % count == 0:
            ends = stops.reshape(-1, count)
            if (raw[ends[:, -1]] == BREAK).all() and (raw[ends[:, :-1]] == COMMA).all():
                begins = np.concatenate([[PAD], ends[:-1, -1] + 1])
                return Rows(self, raw, begins, ends)
        raise self._fault(content, place)

    def _fault(self, content, place):
        reader = csv.reader(io.StringIO(content.decode("utf-8", "replace")))
        for row in reader:
            if len(row) != len(self.names):
                where = "" if place is None else f":{self._lines_before(place) + reader.line_num}"
                return RunError(f"{self.path}{where}: {len(row)} fields, the header has {len(self.names)}")
        return RunError(f"reading {self.path}: its rows cannot be told apart")

    def _lines_before(self, place):
        count = 0
        with open(self.path, "rb") as file:
            while place > 0 and (read := file.read(min(PIECE, place))):
                count += read.count(b"\n")
                place -= len(read)
        return count

    def _unquoted(self, content, place):
        """Quoted cells as plain ones; a comma within one becomes a semicolon."""
        lines = []
        for row in csv.reader(io.StringIO(content.decode("utf-8", "replace"))):
            if len(row) != len(self.names):
                raise self._fault(content, place)
            lines.append(",".join(cell.replace(",", ";").replace("\n", " ") for cell in row) + "\n")
        return "".join(lines).encode()


def whole_table(path, columns, texts=(), limit=None, kept=None):
    """{column: float64 array, or array of str for those in `texts`} of the file's rows; `kept(Rows)` is a
    mask of the rows wanted. A file that is absent gives empty columns."""
    table = Table(path, columns, limit)
    parts = {column: [] for column in columns}
    for rows in table.pieces():
        if kept is not None:
            rows = rows.where(kept(rows))
        for column in columns:
            parts[column].append(rows.texts(column)[0] if column in texts else rows.numbers(column))
    whole = {}
    for column in columns:
        values = np.concatenate(parts[column]) if parts[column] else np.zeros(0)
        parts[column] = None
        if column in texts:
            names = np.array([*table.texts.get(column, ([], []))[1], ""], dtype=object)
            values = names[values.astype(np.int32)]
        whole[column] = values
    return whole


def size_of(path):
    try:
        return os.path.getsize(path)
    except OSError:
        return 0
