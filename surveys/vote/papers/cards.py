"""The card of a meeting: one A4 page for the table in the hall. It carries no code and nothing secret."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from surveys.reporting.paper import BODY_SIZE, Flow, Page, PaperRow, head_cell, lines_cell, text_cell

_TITLE_SIZE = 7.0
_NAME_SIZE = 4.6
_STEP_SIZE = 4.1
_SCALES = (1.0, 0.94, 0.88, 0.82, 0.76, 0.7, 0.6, 0.5)  # of all sizes, until the card is one page
_MARK_WIDTH = 9.0
_FACT_WIDTH = 28.0
_CONTACTS = ("组织员", "技术保障", "监票人", "单位联系人")
REHEARSAL = "演练"


@dataclass(frozen=True)
class CardClass:
    """`planned`: how many tickets there are to be, None where nobody said."""

    key: str
    name: str
    planned: int | None


@dataclass(frozen=True)
class MeetingCard:
    """`day`: in words, None where it is not set. `site`: the site's address, without a slash at its end."""

    unit: str
    title: str
    day: str | None
    place: str
    entitled: int
    classes: Sequence[CardClass]
    site: str
    prefix: str
    two_person: bool
    rehearsal: bool


def card_pdf(card: MeetingCard) -> bytes:
    """The same card gives the same bytes. Names in 【】 are those of the pages."""
    from surveys.reporting.paper_pdf import paper_pdf

    return paper_pdf("会场操作卡", _one_page(card), "会场操作卡", REHEARSAL if card.rehearsal else None)


def _one_page(card: MeetingCard) -> Sequence[Page]:
    for scale in _SCALES:
        pages = _pages(card, scale)
        if len(pages) == 1:
            break
    return pages


def _pages(card: MeetingCard, scale: float) -> Sequence[Page]:
    flow = Flow("")
    flow.new_page(landscape=False)
    flow.paragraph("会场操作卡" + ("（演练）" if card.rehearsal else ""), _TITLE_SIZE * scale)
    flow.paragraph(f"{card.unit}　{card.title}", _NAME_SIZE * scale)
    flow.space(2 * scale)
    _table(flow, scale, _FACT_WIDTH, None, _facts(card))
    for head, steps in (("会前", _before()), ("会中", _during()), ("出了情况", _trouble(card)), ("会后", _after(card))):
        flow.space(2 * scale)
        _table(flow, scale, _FACT_WIDTH if head == "出了情况" else _MARK_WIDTH, head, steps)
    flow.space(2 * scale)
    _contacts(flow, scale)
    return flow.pages


def _table(flow: Flow, scale: float, first: float, head: str | None, lines: Iterator[tuple[str, str]]) -> None:
    header = [] if head is None else [PaperRow([head_cell(head, span=2)], _NAME_SIZE * scale)]
    rows = [PaperRow([text_cell(mark, 0.5), text_cell(text)], _STEP_SIZE * scale) for mark, text in lines]
    flow.table([first * scale, flow.width - first * scale], header, rows)


def _contacts(flow: Flow, scale: float) -> None:
    share = flow.width / len(_CONTACTS)
    header = [PaperRow([head_cell(f"{who}（姓名、电话）") for who in _CONTACTS], BODY_SIZE * scale)]
    flow.table(
        [share] * len(_CONTACTS), header, [PaperRow([lines_cell([[], []]) for _ in _CONTACTS], _NAME_SIZE * scale)]
    )


def _facts(card: MeetingCard) -> Iterator[tuple[str, str]]:
    blank = "＿＿＿＿"
    yield "时间", f"{card.day or blank * 2}　开始 {blank}　结束 {blank}"
    yield "地点", card.place or blank * 3
    classes = "，".join(
        f"{entry.key} {entry.name}{'' if entry.planned is None else f' {entry.planned} 张'}" for entry in card.classes
    )
    yield "应到", f"{card.entitled} 人；{classes}"
    yield "参评人打开", card.site
    yield "工作人员", f"{card.site}/login"
    yield "会场大屏", f"{card.site}/screen/{card.prefix}"


def _numbered(*steps: str) -> Iterator[tuple[str, str]]:
    return ((str(number), step) for number, step in enumerate(steps, start=1))


def _before() -> Iterator[tuple[str, str]]:
    return _numbered(
        "在【设置】页核对名单和票种，点【看选票在手机上的样子】从头看一遍。",
        "在【票】页点【发票并下载】，打印，清点。备几张大字的，在【纸质票】页印几份纸质票。",
        "用【建立演练】真扫真投一次，完后点【清除演练】。",
        "投影打开上面的会场大屏网址；用【发码屏】的，在门口的平板上打开它的链接。",
    )


def _during() -> Iterator[tuple[str, str]]:
    return _numbered(
        "按票种发纸条，当面随手抽，不对名单，不记谁拿了哪一张。",
        "在【会场】页填【实到人数】，点【登记】。主持人宣布后，点【开始投票】。",
        "要定时结束，在【几分钟后结束】填分钟数，点【设定】；再设一次就是延长。",
        "请大家看到“您的票已计入”再离开。都投完了，勾【我确认】，点【结束投票】。",
    )


def _trouble(card: MeetingCard) -> Iterator[tuple[str, str]]:
    yield "停电、断网", "写明【暂停的原因】，点【暂停投票】；好了点【恢复投票】。手机上填好的都在。"
    yield (
        "没有手机",
        (
            f"用公用平板打开 {card.site}/?kiosk=1（二维码在【发码屏】页），输入纸条上的票码；"
            "或先收回纸条、按票码作废，再发一份纸质票。"
        ),
    )
    yield "有人迟到", "还在投票中：按票种发一张。已经结束：不能再投。"
    yield "纸条不够", "在【票】页再发，或用【发码屏】。不要复印：同一个码只计一票。"
    yield "丢了、印坏", "一张：在【票】页填票码，点【作废】，再发一张。整批：点那一批的【重印】。"


def _after(card: MeetingCard) -> Iterator[tuple[str, str]]:
    opening = ("组织员和监票人各自登录，在【会场】页勾【我确认】，点【启封】。",) if card.two_person else ()
    return _numbered(
        "没发的纸条清点封好。纸质票由两个账号各录一遍，核定，计入。",
        "在【会场】页核对人数，勾【我确认】，点【封存】。封存后什么都不能改。",
        *opening,
        "点【看统计结果】、【下载统计单 PDF】，打印签字。【下载选票包（监票用）】交监票人重新计票。",
        f"告诉大家可到 {card.site}/board/{card.prefix} 核对回执。",
    )
