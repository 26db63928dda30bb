"""Forms of the desk of a poll: tickets, doors, paper, the meeting."""

from wtforms import BooleanField, HiddenField, IntegerField, RadioField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput

from surveys.web.forms import NUMBER, REQUIRED, ConfirmForm, StaffForm


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
        choices=[
            SelectChoice("21", "小：每页 21 张"),
            SelectChoice("10", "大字：每页 10 张"),
            SelectChoice("4", "特大字：每页 4 张"),
        ],
        default="21",
    )


class IssueForm(HandOutForm):
    class_key = SelectField("票种")
    count = IntegerField("张数", [InputRequired(NUMBER), NumberRange(1, 5000, "张数须是 1 至 5000。")])


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
    number = IntegerField("总共发到几张", [InputRequired(NUMBER), NumberRange(1, 100000, "张数须是 1 至 100000。")])


class OverForm(OverNumberForm):
    reason = StringField("理由（会记入日志）", [DataRequired(REQUIRED), Length(max=500)])


class DoorForm(StaffForm):
    name = StringField("名称（如东门）", [DataRequired(REQUIRED), Length(max=20, message="名称最多 20 个字。")])
    class_key = SelectField("发哪种票")


class PlannedForm(StaffForm):
    class_key = HiddenField("票种", [DataRequired(REQUIRED)])
    planned = IntegerField("计划张数", [InputRequired(NUMBER), NumberRange(1, 100000, "张数须是 1 至 100000。")])


class PaperForm(StaffForm):
    class_key = SelectField("票种")
    count = IntegerField("份数", [InputRequired(NUMBER), NumberRange(1, 500, "份数须是 1 至 500。")])
    sides = RadioField(
        "打印方式",
        choices=[
            SelectChoice("one", "单面印"),
            SelectChoice("two", "双面印（每份从新的一张纸开始）"),
        ],
        default="one",
    )


class RemovePaperForm(StaffForm):
    number = IntegerField("第几张", [InputRequired(NUMBER), NumberRange(1, 9999, "张号须是 1 至 9999。")])
    reason = StringField("原因", [DataRequired(REQUIRED), Length(max=200)])


class SendBackForm(StaffForm):
    reason = StringField("退回的原因", [DataRequired(REQUIRED), Length(max=200)])


class PaperLeftForm(ConfirmForm):
    """`paper_left`: the paper ballots not counted, as the tick named them; the service knows whether it is so."""

    paper_left = IntegerField("没有计入的纸质票", default=0, widget=CheckboxInput())


class WithdrawPollForm(StaffForm):
    sure = BooleanField("确认撤回，发出的票全部作废", [InputRequired("请先勾选确认。")])
    reason = StringField("撤回的原因（会记入日志）", [DataRequired(REQUIRED), Length(max=200)])


class PresentForm(StaffForm):
    present = IntegerField("实到人数", [InputRequired(NUMBER), NumberRange(0, 100000, "人数须是 0 至 100000。")])


class PauseForm(StaffForm):
    reason = StringField("暂停的原因", [DataRequired(REQUIRED), Length(max=200)])


class EndInForm(StaffForm):
    """Empty: no countdown."""

    minutes = IntegerField("几分钟后结束", [Optional(), NumberRange(1, 1440, "分钟数须是 1 至 1440。")])
