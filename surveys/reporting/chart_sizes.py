"""How large a chart and the type in it are."""

from typing import Literal

ImageFormat = Literal["png", "svg"]

# Lengths are points (1/72 inch). At this width a chart fills an A4 page's text column at 70 % and stays readable.
WIDTH = 640.0
PRINTED_WIDTH = 460.0
"""Of a chart in a document: as wide as its text, so that the type in it is as large as it says here."""
LABEL_SIZE = 8.5
NUMBER_SIZE = 8.5
SMALL_SIZE = 7.5
MARGIN = 10.0
LEGEND_LINE = 14.0
# Of a colour's name: the field before it, and the spaces.
LEGEND_FIELD, LEGEND_PAD, LEGEND_GAP = 1.6, 0.5, 1.6  # ems
LEGEND_ENTRY = LEGEND_FIELD + LEGEND_PAD + LEGEND_GAP
LINE = 1.4  # of the size, from one baseline to the next
