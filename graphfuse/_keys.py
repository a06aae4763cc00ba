"""Convert any names to names that torch modules accept."""

from __future__ import annotations


def module_key(*parts: str) -> str:
    """Encode names so that ``nn.ModuleDict`` takes them; different names never collide.

    ``nn.ModuleDict`` refuses names with dots and names of its own methods ("type", "items").

    Example:
        >>> module_key("image"), module_key("a.b", "type")
        ('n_image', 'n_a_2e_b__type')
    """
    return "n_" + "__".join(
        "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in part)
        for part in parts
    )
