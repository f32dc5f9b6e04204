"""What an HTML page holds, read with Python's own parser."""

from __future__ import annotations

from html.parser import HTMLParser


class Page(HTMLParser):
    """Tables by caption, as rows of texts; tags with their attributes; all text."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.tags, self.words = {}, [], []
        self._rows, self._caption, self._into = [], "", None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "table":
            self._rows, self._caption = [], ""
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")
            self._into = tag
        elif tag == "caption":
            self._into = tag
        elif tag == "br":
            self.handle_data(" ")

    def handle_endtag(self, tag):
        if tag == self._into:
            self._into = None
        elif tag == "table":
            self.tables[self._caption] = self._rows

    def handle_data(self, data):
        self.words.append(data)
        if self._into == "caption":
            self._caption += data
        elif self._into:
            self._rows[-1][-1] += data

    def table(self, begin):
        """The rows of the only table whose caption begins so."""
        (found,) = [rows for caption, rows in self.tables.items() if caption.startswith(begin)]
        return found

    @property
    def text(self):
        """All text, with single spaces."""
        return " ".join(" ".join(self.words).split())
