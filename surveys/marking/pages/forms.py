"""Forms of marks, of the ledger and of what decides a row."""

from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    RadioField,
    StringField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from surveys.acts.limits import LONGEST_DOCUMENT, LONGEST_REASON
from surveys.web.forms import NUMBER, REQUIRED, StaffForm, TakeOverForm


class TakeMarksForm(TakeOverForm):
    over = BooleanField("已核对，用表里的分")


class EventForm(StaffForm):
    row_key = HiddenField("行", [DataRequired(REQUIRED)])
    points = StringField("分数", [Optional(), Length(max=10)])
    happened_on = DateField("日期", [InputRequired("请填写日期。")])
    document = StringField("依据文件", [DataRequired(REQUIRED), Length(max=LONGEST_DOCUMENT)])
    reason = StringField("事由", [DataRequired(REQUIRED), Length(max=LONGEST_REASON)])
    level = StringField("表彰级别（如省级；没有就不填）", [Optional(), Length(max=40)])
    occasion = StringField(
        "事项（同一事项登记几条时写同样的名称，只按最高的一条计）", [Optional(), Length(max=LONGEST_DOCUMENT)]
    )


class ContestForm(StaffForm):
    grounds = StringField("申诉的理由", [DataRequired(REQUIRED), Length(max=LONGEST_REASON)])


class EventAnswerForm(StaffForm):
    verdict = RadioField(
        "答复",
        [InputRequired("请选择申诉是否成立。")],
        choices=[SelectChoice("dismissed", "不成立，事件照计"), SelectChoice("upheld", "成立，撤销事件")],
    )
    answer = StringField("答复的理由", [DataRequired(REQUIRED), Length(max=LONGEST_REASON)])


class ConfirmMarkForm(StaffForm):
    """The second person's hand. `version`: of the value as it was shown."""

    row_key = HiddenField("行", [DataRequired(REQUIRED)])
    version = IntegerField("版本", [InputRequired(NUMBER)])


class WithdrawMarkForm(ConfirmMarkForm):
    reason = StringField("撤回的理由", [DataRequired(REQUIRED), Length(max=LONGEST_REASON)])


class CancelForm(StaffForm):
    reason = StringField("撤销理由", [DataRequired(REQUIRED), Length(max=LONGEST_REASON)])


class ExemptForm(StaffForm):
    row_key = HiddenField("行", [DataRequired(REQUIRED)])
    document = StringField("依据文件", [DataRequired(REQUIRED), Length(max=LONGEST_DOCUMENT)])
    reason = StringField("免考理由", [DataRequired(REQUIRED), Length(max=LONGEST_REASON)])
