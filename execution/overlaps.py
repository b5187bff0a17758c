"""Pairs of fields under one name in one place, which OverlappingFieldsCanBeMerged compares with one another."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode


class Overlaps:
    """Counts them in time linear in the selections with their fragments written out: limit those first."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        """Take a document's fragments; none may contain itself."""
        self.fragments = fragments

    def pairs(self, selection_sets: Sequence[SelectionSetNode]) -> int:
        """Count them in selections that are merged into one object, and below."""
        together: defaultdict[str, list[FieldNode]] = defaultdict(list)
        self._collect(selection_sets, together, set())
        total = 0
        for fields in together.values():
            total += len(fields) * (len(fields) - 1) // 2
            if below := [field.selection_set for field in fields if field.selection_set]:
                total += self.pairs(below)
        return total

    def _collect(
        self, selection_sets: Iterable[SelectionSetNode], together: dict[str, list[FieldNode]], spread: set[str]
    ) -> None:
        for selection in chain.from_iterable(each.selections for each in selection_sets):
            if isinstance(selection, FieldNode):
                together[(selection.alias or selection.name).value].append(selection)
            elif isinstance(selection, InlineFragmentNode):
                self._collect([selection.selection_set], together, spread)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in spread:
                spread.add(selection.name.value)
                if fragment := self.fragments.get(selection.name.value):
                    self._collect([fragment.selection_set], together, spread)
