"""What goes on printed slips, and on the card of the meeting."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from surveys.acts.errors import BadInput, NotFound
from surveys.acts.site import Site
from surveys.polling.base32 import grouped
from surveys.reporting.paper import day_words
from surveys.reporting.strip_text import SlipTextTooLong
from surveys.storage.tables import Poll
from surveys.vote.papers.cards import CardClass, MeetingCard
from surveys.vote.papers.slip_layout import Size
from surveys.vote.papers.slips import Slip, SlipSheet, slip_words
from surveys.vote.ticketing.tickets import Issued

_WIDEST_BATCH = 9999


def slips(site: Site, codes: Sequence[str]) -> list[Slip]:
    """The slips of plain codes, in the order given."""
    return [Slip(grouped(code), site.ballot_url(grouped(code))) for code in codes]


def slip_sheet(site: Site, poll: Poll, class_key: str, issued: Issued, size: Size = Size.SMALL) -> SlipSheet:
    """A class's slips ready to print. Raises NotFound for an unknown class."""
    keys = [entry.key for entry in poll.classes]
    if class_key not in keys:
        raise NotFound(f"这次测评会没有代号为“{class_key}”的票种。")
    position = keys.index(class_key)
    return SlipSheet(
        size=size,
        title=poll.title,
        unit=poll.unit.name,
        batch=issued.batch,
        class_key=class_key,
        class_name=poll.classes[position].name,
        class_position=position,
        place_and_date=_place_and_date(poll),
        instructions=(
            f"手机扫码，或打开 {urlsplit(site.settings.public_url).netloc} 输入票码",
            "逐项点选后提交，看到回执即已计入",
            "一票只投一次，谁也查不到您怎么填",
        ),
        rehearsal=poll.rehearsal,
        slips=slips(site, issued.codes),
    )


def _place_and_date(poll: Poll) -> str | None:
    return "　".join(word for word in (poll.place.strip(), day_words(poll.held_on)) if word) or None


def meeting_card(site: Site, poll: Poll) -> MeetingCard:
    return MeetingCard(
        unit=poll.unit.name,
        title=poll.title,
        day=day_words(poll.held_on),
        place=poll.place.strip(),
        entitled=poll.entitled,
        classes=[CardClass(entry.key, entry.name, entry.planned) for entry in poll.classes],
        site=site.settings.public_url,
        prefix=poll.prefix,
        two_person=poll.two_person,
        rehearsal=poll.rehearsal,
    )


def check_printable(site: Site, poll: Poll, class_key: str, size: Size) -> None:
    """Before tickets exist: words too long for a slip would otherwise lose their codes. Raises BadInput, NotFound."""
    try:
        slip_words(slip_sheet(site, poll, class_key, Issued(_WIDEST_BATCH, []), size))
    except SlipTextTooLong:
        larger = "，或改选更大的纸条" if size is not Size.LARGEST else ""
        raise BadInput(
            f"单位名、测评会名称、地点和票种名加起来太长，每页 {size} 张的纸条上印不下，请改短{larger}。没有发票。"
        ) from None
