"""Many ways to go on, sharing their beginnings: what one forward pass can weigh at once."""

from collections.abc import Sequence


class TokenTree:
    """Tokens that follow each other in branches. Node 0 is the root; parents come before children.

    tokens, parents, depths: of every node, -1 for the parent of the root.
    """

    def __init__(self, root: int) -> None:
        self.tokens, self.parents, self.depths = [root], [-1], [0]
        self._children: list[dict[int, int]] = [{}]

    def grow(self, node: int, ids: Sequence[int]) -> int:
        """The node at which these ids end when said after `node`; what is there is shared."""
        for token in ids:
            child = self._children[node].get(token)
            if child is None:
                child = len(self.tokens)
                self._children[node][token] = child
                self._children.append({})
                self.tokens.append(token)
                self.parents.append(node)
                self.depths.append(self.depths[node] + 1)
            node = child
        return node

    @property
    def inner(self) -> list[int]:
        """The nodes that something follows, in order: only these need to be read."""
        return [node for node, children in enumerate(self._children) if children]
