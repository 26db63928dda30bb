"""What goes on a printed slip."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from surveys.polling.base32 import grouped
from surveys.reporting.slips import Slip, SlipSheet
from surveys.services.errors import NotFound
from surveys.services.site import Site
from surveys.storage.tables import Poll


def slips(site: Site, codes: Sequence[str]) -> list[Slip]:
    """The slips of plain codes, in the order given."""
    return [Slip(grouped(code), site.ballot_url(grouped(code))) for code in codes]


def slip_sheet(site: Site, poll: Poll, class_key: str, codes: Sequence[str]) -> SlipSheet:
    """A class's slips ready to print. Raises NotFound for an unknown class."""
    names = {entry.key: entry.name for entry in poll.classes}
    if class_key not in names:
        raise NotFound(f"这次测评会没有代号为“{class_key}”的票种。")
    return SlipSheet(
        title=poll.title,
        unit=poll.unit.name,
        class_name=names[class_key],
        place_and_time=None,
        instructions=(
            f"手机扫码，或打开 {urlsplit(site.settings.public_url).netloc} 输入票码",
            "逐项点选后提交，看到回执即已计入",
            "一票只投一次，谁也查不到您怎么填",
        ),
        rehearsal=poll.rehearsal,
        slips=slips(site, codes),
    )
