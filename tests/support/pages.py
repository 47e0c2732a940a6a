"""Pages of a service as a browser without JavaScript uses them: forms are filled and sent, links followed."""

from typing import Any

from bs4 import BeautifulSoup, Tag

from tests.support.serving import REQUEST, Served


class Pages:
    """A visitor.

    Attributes:
        soup: the page that was last shown.
        address: its address.
        status: of the answer.
    """

    def __init__(self, served: Served, **headers: str) -> None:
        self._client, self._headers = served.client, headers
        self.status, self.address, self.soup = 0, "", BeautifulSoup("", "html5lib")

    def _shown(self, answer: Any) -> "Pages":
        self.status, self.address = answer.status_code, answer.url.path
        self.headers, self.html = answer.headers, answer.text
        self.soup = BeautifulSoup(answer.text, "html5lib")
        return self

    def open(self, address: str) -> "Pages":
        """Open an address."""
        return self._shown(self._client.get(address, headers=self._headers))

    def send(self, action: str, **fields: Any) -> "Pages":
        """Send a form that no page has."""
        return self._shown(self._client.post(action, data=fields, headers=self._headers))

    def submit(self, action: str, button: str = "", value: str = "", **fields: str) -> "Pages":
        """Fill the page's form and press a button of it.

        Args:
            action: where the form goes; the first of these that has the button is taken.
            button: its name.
            value: its value.
            fields: what is typed or ticked.
        """
        for form in self.soup.find_all("form", action=action):
            buttons = form.find_all("button", attrs={"name": button, "value": value} if button else {})
            if buttons:
                return self.send(action, **_fields(form) | fields | ({button: value} if button else {}))
        raise AssertionError(f"no form to {action} with a button {button}={value}: {self.text()[:500]}")

    def follow(self, text: str) -> "Pages":
        """Follow the first link that has a text."""
        link = next(each for each in self.soup.find_all("a") if text in each.get_text())
        return self.open(str(link["href"]))

    def text(self) -> str:
        """What the page says."""
        return " ".join(self.soup.get_text(" ").split())

    def ask(self, request: str = REQUEST, **fields: str) -> "Pages":
        """Ask for a list on the first page."""
        return self.open("/").submit("/ask", request=request, **fields)

    def shop(self, **fields: str) -> "Pages":
        """Begin a session."""
        return self.open("/shop").submit("/shop", consent="yes", **{"kind": "given"} | fields)

    def step(self, name: str, value: str) -> "Pages":
        """Take a step of a session: search or click."""
        if name == "search":
            return self.submit(self.address, **{name: value})
        return self.submit(self.address, name, value)


def _fields(form: Tag) -> dict[str, str]:
    """What a browser would send of a form as it stands, its buttons aside."""
    found: dict[str, str] = {}
    for each in form.find_all(["input", "textarea"]):
        kind, name = str(each.get("type", "text")), each.get("name")
        if not name or (kind in ("checkbox", "radio") and not each.has_attr("checked")):
            continue
        found[str(name)] = each.get_text() if each.name == "textarea" else str(each.get("value", ""))
    return found
