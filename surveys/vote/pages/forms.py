"""Forms of the desk of a poll: tickets, doors, paper, the meeting."""

from wtforms import BooleanField, HiddenField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput

from surveys.acts.limits import LONGEST_REASON
from surveys.vote.door_screens import LONGEST_DOOR_NAME, MOST_PLANNED
from surveys.vote.hall import LONGEST_MINUTES
from surveys.vote.paper_ballots.paper_printing import MOST_COPIES
from surveys.vote.paper_ballots.paper_returned import HIGHEST_NUMBER
from surveys.vote.papers.slip_layout import Size
from surveys.vote.poll_entries import MOST_PEOPLE
from surveys.vote.ticketing.tickets import MOST_AT_ONCE
from surveys.web.forms import NUMBER, REQUIRED, ConfirmForm, StaffForm

SIZES = {
    size: f"{words}：每页 {size.value} 张"
    for size, words in ((Size.SMALL, "小"), (Size.LARGE, "大字"), (Size.LARGEST, "特大字"))
}


def _whole(label: str, what: str, least: int, most: int) -> IntegerField:
    """A whole number that must be filled in. `what`: how its fault calls it."""
    return IntegerField(label, [InputRequired(NUMBER), NumberRange(least, most, f"{what}须是 {least} 至 {most}。")])


class HandOutForm(StaffForm):
    """How codes are handed out. `size`: slips to a page."""

    format = RadioField(
        "下载为",
        choices=[
            SelectChoice("pdf", "打印纸条（PDF）"),
            SelectChoice("zip", "纸条和表格都要（ZIP）"),
            SelectChoice("csv", "发链接用的表格（CSV）"),
            SelectChoice("png", "发链接用的二维码图片，一票一张（ZIP）"),
        ],
        default="pdf",
    )
    size = RadioField(
        "纸条大小",
        choices=[SelectChoice(str(size.value), label) for size, label in SIZES.items()],
        default=str(Size.SMALL.value),
    )


class IssueForm(HandOutForm):
    class_key = SelectField("票种")
    count = _whole("张数", "张数", 1, MOST_AT_ONCE)


OTHER = "其他"
NOT_SAVED = "没存好"


def _reasons(*reasons: str) -> SelectField:
    choices = [SelectChoice("", "请选择"), *(SelectChoice(reason, reason) for reason in reasons)]
    return SelectField("原因", [DataRequired("请选择原因。")], choices=choices)


class ReasonForm(StaffForm):
    """Why something is voided: one of the usual reasons, and words of one's own."""

    reason = _reasons("丢失", "印坏", "发错人", OTHER)
    note = StringField("补充说明（选“其他”时必填）", [Length(max=150)])

    def validate_note(self, field: StringField) -> None:
        if self.reason.data == OTHER and not (field.data or "").strip():
            raise ValidationError("选了“其他”，请写明原因。")

    @property
    def words(self) -> str:
        return "：".join(part for part in (self.reason.data, (self.note.data or "").strip()) if part)


class VoidForm(ReasonForm):
    code = StringField("票码", [DataRequired(REQUIRED), Length(max=200)])


class VoidBatchForm(ReasonForm):
    reason = _reasons("丢失", "印坏", "发错人", "已重印", OTHER)
    sure = BooleanField("我确认作废这一批没投的票", [InputRequired("请先勾选确认。")])


class ReissueForm(HandOutForm, ReasonForm):
    reason = _reasons(NOT_SAVED, "印坏", "丢失", OTHER)


class OverNumberForm(StaffForm):
    number = _whole("总共发到几张", "张数", 1, MOST_PEOPLE)


class OverForm(OverNumberForm):
    reason = StringField("理由（会记入日志）", [DataRequired(REQUIRED), Length(max=LONGEST_REASON)])


class RemarkForm(StaffForm):
    words = TextAreaField("监票记录", [DataRequired("请写下要记的事。"), Length(max=LONGEST_REASON)])


class DoorForm(StaffForm):
    name = StringField(
        "名称（如东门）",
        [DataRequired(REQUIRED), Length(max=LONGEST_DOOR_NAME, message=f"名称最多 {LONGEST_DOOR_NAME} 个字。")],
    )
    class_key = SelectField("发哪种票")


class PlannedForm(StaffForm):
    class_key = HiddenField("票种", [DataRequired(REQUIRED)])
    planned = _whole("计划张数", "张数", 1, MOST_PLANNED)


class PaperForm(StaffForm):
    class_key = SelectField("票种")
    count = _whole("份数", "份数", 1, MOST_COPIES)
    sides = RadioField(
        "打印方式",
        choices=[
            SelectChoice("one", "单面印"),
            SelectChoice("two", "双面印（每份从新的一张纸开始）"),
        ],
        default="one",
    )


class RemovePaperForm(StaffForm):
    number = _whole("第几张", "张号", 1, HIGHEST_NUMBER)
    reason = StringField("原因", [DataRequired(REQUIRED), Length(max=LONGEST_REASON)])


class SendBackForm(StaffForm):
    reason = StringField("退回的原因", [DataRequired(REQUIRED), Length(max=LONGEST_REASON)])


class PaperLeftForm(ConfirmForm):
    """`paper_left`: the paper ballots not counted, as the tick named them; the service knows whether it is so."""

    paper_left = IntegerField("没有计入的纸质票", default=0, widget=CheckboxInput())


class WithdrawPollForm(StaffForm):
    sure = BooleanField("确认撤回，发出的票全部作废", [InputRequired("请先勾选确认。")])
    reason = StringField("撤回的原因（会记入日志）", [DataRequired(REQUIRED), Length(max=LONGEST_REASON)])


class PresentForm(StaffForm):
    present = _whole("实到人数", "人数", 0, MOST_PEOPLE)


class PauseForm(StaffForm):
    reason = StringField("暂停的原因", [DataRequired(REQUIRED), Length(max=LONGEST_REASON)])


class EndInForm(StaffForm):
    """Empty: no countdown."""

    minutes = IntegerField(
        "几分钟后结束", [Optional(), NumberRange(1, LONGEST_MINUTES, f"分钟数须是 1 至 {LONGEST_MINUTES}。")]
    )
