"""Forms of an assessment's life, of replies and of rules changed."""

from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    RadioField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from surveys.acts.actors import ReadingKind
from surveys.acts.errors import BadInput
from surveys.acts.limits import LONGEST_REASON
from surveys.evidence.materials import MOST_ADDRESS
from surveys.evidence.pages.forms import FileFields, ReferenceFields
from surveys.outcome.replies import LONGEST
from surveys.season.pages.forms import RulesForm
from surveys.web.forms import REQUIRED, ConfirmForm, GroundsForm, StaffForm, TakeOverForm


class AppealForm(StaffForm):
    due_on = DateField("申诉截止日期（含当日）", [InputRequired("请填写截止日期。")])


class ReviseForm(TakeOverForm):
    reason = StringField("修改的理由", [DataRequired("请写明修改的理由。"), Length(max=LONGEST_REASON)])


class CertifyForm(ConfirmForm):
    """`shown`: the digest of what was shown."""

    shown = HiddenField("封存码", [DataRequired(REQUIRED)])


class AnswerForm(StaffForm):
    verdict = RadioField(
        "答复",
        [InputRequired("请选接受或不接受。")],
        choices=[SelectChoice("yes", "接受，这一行可以改正"), SelectChoice("no", "不接受，维持原分")],
    )
    words = TextAreaField("答复内容（单位会看到）", [DataRequired("请写明答复，单位会看到。"), Length(max=LONGEST)])


class AgreeForm(ConfirmForm):
    """`version`: of the sheet that was shown."""

    sure = BooleanField("各行都已看过，本单位没有意见", [InputRequired("请先勾选“各行都已看过”。")])
    version = IntegerField("版本", [InputRequired(REQUIRED)], widget=HiddenInput())


class ObjectionForm(FileFields, ReferenceFields):
    """With or without what supports it."""

    reason = TextAreaField("申诉理由", [DataRequired("请写明申诉的理由。"), Length(max=LONGEST)])
    reference = StringField("链接或文号", [Optional(), Length(max=MOST_ADDRESS)])


class ChangeRulesForm(RulesForm):
    """Once marking has begun: with a reason. `base`: the edition of the rules that the form was filled with. `shown`:
    the fingerprint of the effect, once it was shown."""

    reason = StringField("修改的理由", [DataRequired(REQUIRED), Length(max=LONGEST_REASON)])
    base = HiddenField("原来的规则", [DataRequired(REQUIRED)])
    shown = HiddenField("预览", [Optional()])


class ReadingForm(StaffForm):
    """Of one reader's account and one kind."""

    account = HiddenField("查阅人", [DataRequired(REQUIRED)])
    kind = HiddenField("内容", [DataRequired(REQUIRED)])

    def given(self) -> tuple[int, ReadingKind]:
        """Raises BadInput: what the page did not write."""
        try:
            return int(self.account.data), ReadingKind(self.kind.data)
        except ValueError:
            raise BadInput("没有这个查阅人或这项内容，请刷新页面再来。") from None


class ReadingReasonForm(ReadingForm, GroundsForm):
    """To propose that it be given, or to take it back."""
