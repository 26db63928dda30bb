"""Staff forms (Flask-WTF): labels in Chinese, CSRF on each."""

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, HiddenInput

from surveys.acts.errors import BadInput
from surveys.scoring.marks import STEPS
from surveys.scoring.score_sheet import Mode

REQUIRED = "请填写此项。"
NUMBER = "请填写数字，用半角。"


class StaffForm(FlaskForm):  # type: ignore[misc]
    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        locales = ("zh",)

    def checked(self) -> "StaffForm":
        """The form itself, valid. Raises BadInput that names the first wrong field and why."""
        if self.validate_on_submit():
            return self
        name, faults = next(iter(self.errors.items()))
        raise BadInput(f"{self[name].label.text if name else '表单'}：{faults[0]}")


class SignInForm(StaffForm):
    name = StringField("账号", [DataRequired(REQUIRED), Length(max=100)])
    password = PasswordField("密码", [DataRequired(REQUIRED), Length(max=200)])


class PasswordForm(StaffForm):
    old = PasswordField("原密码", [DataRequired(REQUIRED), Length(max=200)])
    new = PasswordField("新密码（至少 10 个字符）", [DataRequired(REQUIRED), Length(10, 200, "新密码至少 10 个字符。")])


class ActForm(StaffForm):
    """A button: nothing but the CSRF token."""


class ConfirmForm(StaffForm):
    """A button for what cannot be undone."""

    sure = BooleanField("我确认", [InputRequired("请先勾选“我确认”。")])


class OneOfSeveral(CheckboxInput):  # type: ignore[misc]
    """A tick of a field of several, of which it takes one: with HTML's `required` a browser would ask for each."""

    validation_attrs = ("disabled",)


class AssessmentForm(StaffForm):
    title = StringField("考核名称", [DataRequired(REQUIRED), Length(max=100)])
    # The service says which frameworks there are, in Chinese.
    frameworks = SelectMultipleField(
        "测评体系（可多选）",
        [DataRequired("请至少选一个测评体系。")],
        validate_choice=False,
        option_widget=OneOfSeveral(),
    )


class UnitForm(StaffForm):
    name = StringField("单位名称", [DataRequired(REQUIRED), Length(max=100)])
    category = StringField("类别（同类别内排名）", [DataRequired(REQUIRED), Length(max=50)])
    framework = SelectField("测评体系")
    tags = StringField("单位标签（用空格隔开，没有就不填）", [Optional(), Length(max=300)])
    # The service says which departments there are, in Chinese.
    department = SelectField("本单位作为考核部门时的名称（回避用：不给自己打分）", validate_choice=False)
    leaders = TextAreaField("领导名单（一行一人：姓名 职务）", [Optional(), Length(max=10000)])


class RenameUnitForm(StaffForm):
    name = StringField("正确的名称", [DataRequired(REQUIRED), Length(max=100)])
    reason = StringField("更正的原因（会记入日志）", [DataRequired(REQUIRED), Length(max=200)])


class RemoveUnitForm(StaffForm):
    reason = StringField("移除的原因（会记入日志）", [DataRequired(REQUIRED), Length(max=200)])
    sure = BooleanField("确认移除，领导名单和标签一起删去", [InputRequired("请先勾选确认。")])


class UploadForm(StaffForm):
    file = FileField("文件", [FileRequired("请先选一个文件。")])


class TakeOverForm(StaffForm):
    """Confirms what a preview shows. `shown`: the preview's fingerprint."""

    shown = HiddenField("预览", [DataRequired(REQUIRED)])


class TakeMarksForm(TakeOverForm):
    over = BooleanField("已核对，用表里的分")


class AppealForm(StaffForm):
    due_on = DateField("申诉截止日期（含当日）", [InputRequired("请填写截止日期。")])


class ReviseForm(TakeOverForm):
    reason = StringField("修改的理由", [DataRequired("请写明修改的理由。"), Length(max=500)])


class GroundsForm(StaffForm):
    reason = StringField("理由", [DataRequired("请写明理由。"), Length(max=500)])


class CloseForm(StaffForm):
    """A promise that is not carried out after all."""

    reason = StringField("理由（单位会看到）", [DataRequired("请写明理由，单位会看到。"), Length(max=500)])


class CloseRequestForm(CloseForm):
    seen = IntegerField("看到的意见", [InputRequired(NUMBER)], widget=HiddenInput())


class CertifyForm(ConfirmForm):
    """`shown`: the digest of what was shown."""

    shown = HiddenField("封存码", [DataRequired(REQUIRED)])


class AnswerForm(StaffForm):
    verdict = RadioField(
        "答复",
        [InputRequired("请选接受或不接受。")],
        choices=[SelectChoice("yes", "接受，这一行可以改正"), SelectChoice("no", "不接受，维持原分")],
    )
    words = TextAreaField("答复内容（单位会看到）", [DataRequired("请写明答复，单位会看到。"), Length(max=2000)])


class AgreeForm(ConfirmForm):
    """`version`: of the sheet that was shown."""

    sure = BooleanField("各行都已看过，本单位没有意见", [InputRequired("请先勾选“各行都已看过”。")])
    version = IntegerField("版本", [InputRequired(REQUIRED)], widget=HiddenInput())


class FileFields(StaffForm):
    """A file as it is, or the name of one that came in pieces."""

    file = FileField("文件")
    part = HiddenField("已上传的内容", [Optional(), Length(max=400)])
    part_name = HiddenField("文件名", [Optional(), Length(max=1000)])
    part_size = IntegerField("大小", [Optional()], widget=HiddenInput())


class MaterialFileForm(FileFields):
    item = IntegerField("项", [InputRequired(NUMBER)], widget=HiddenInput())


class PieceForm(StaffForm):
    key = StringField("文件", [DataRequired(REQUIRED), Length(max=400)])
    offset = IntegerField("位置", [InputRequired(NUMBER)])
    piece = FileField("一段", [FileRequired("没有内容。")])


class ReferenceFields(StaffForm):
    kind = RadioField(
        "报送什么", choices=[SelectChoice("link", "网页链接"), SelectChoice("document", "文号")], default="link"
    )
    reference = StringField("链接或文号", [DataRequired(REQUIRED), Length(max=500)])
    title = StringField("名称（可不填）", [Optional(), Length(max=100)])


class ReferenceForm(ReferenceFields):
    item = IntegerField("项", [InputRequired(NUMBER)], widget=HiddenInput())


class ObjectionForm(FileFields, ReferenceFields):
    """With or without what supports it."""

    reason = TextAreaField("申诉理由", [DataRequired("请写明申诉的理由。"), Length(max=2000)])
    reference = StringField("链接或文号", [Optional(), Length(max=500)])


class DueForm(StaffForm):
    """Empty: no deadline."""

    due_on = DateField("报送截止日期", [Optional()])


class ReviewForm(StaffForm):
    seen = IntegerField("看到的意见", [InputRequired(NUMBER)], widget=HiddenInput())
    reason = StringField("理由（退回、要求补充时必填）", [Optional(), Length(max=500)])
    verdict = RadioField(
        "意见",
        choices=[
            SelectChoice("accepted", "通过"),
            SelectChoice("more", "要求补充"),
            SelectChoice("rejected", "退回"),
        ],
    )


class CopyForm(StaffForm):
    title = StringField("新考核的名称", [DataRequired(REQUIRED), Length(max=100)])


class RulesForm(StaffForm):
    """The service reads the numbers, and says of each what is wrong."""

    mode = RadioField("折算方式", choices=[SelectChoice(mode.value, mode.label) for mode in Mode])
    bonus_cap = StringField("加分上限（分）", [DataRequired(REQUIRED), Length(max=10)])
    deduction_cap = StringField("扣分上限（分）", [DataRequired(REQUIRED), Length(max=10)])
    bands = TextAreaField("等次（一行一个，从最好的写起：名称 最低分）", [DataRequired(REQUIRED), Length(max=500)])
    veto_band = StringField("一票否决后最好的等次", [DataRequired(REQUIRED), Length(max=50)])
    top_quota = StringField("最好等次的比例上限（%，留空不限）", [Optional(), Length(max=10)])
    mark_step = SelectField(
        "打分的最小单位", choices=[SelectChoice(str(step), f"{step} 分") for step in STEPS], validate_choice=False
    )


class ProceedingForm(StaffForm):
    """A record of any kind: a page shows the fields of its own."""

    held_on = DateField("日期", [InputRequired("请填写日期。")])
    people = StringField("参加的人", [DataRequired(REQUIRED), Length(max=200)])
    row_key = SelectField("与哪一行有关", validate_choice=False, default="")
    body = TextAreaField("内容", [DataRequired(REQUIRED), Length(max=5000)])
    anonymous = BooleanField("我再看过了，文中没有写出谈话人是谁")


class InspectionForm(ProceedingForm):
    body = None
    what = StringField(
        "看了什么（批示、制度、会议纪要、学习记录、图片音视频等）", [DataRequired(REQUIRED), Length(max=500)]
    )
    where = StringField("在哪里看的", [DataRequired(REQUIRED), Length(max=200)])
    finding = TextAreaField("情况", [DataRequired(REQUIRED), Length(max=4000)])
    photo = FileField("照片（JPEG 或 PNG，可以不传）")


class EventForm(StaffForm):
    row_key = HiddenField("行", [DataRequired(REQUIRED)])
    points = StringField("分数", [Optional(), Length(max=10)])
    happened_on = DateField("日期", [InputRequired("请填写日期。")])
    document = StringField("依据文件", [DataRequired(REQUIRED), Length(max=200)])
    reason = StringField("事由", [DataRequired(REQUIRED), Length(max=500)])
    level = StringField("表彰级别（如省级；没有就不填）", [Optional(), Length(max=40)])
    occasion = StringField("事项（同一事项登记几条时写同样的名称，只按最高的一条计）", [Optional(), Length(max=200)])


class EventAppealForm(StaffForm):
    grounds = StringField("申诉的理由", [DataRequired(REQUIRED), Length(max=500)])


class EventAnswerForm(StaffForm):
    verdict = RadioField(
        "答复",
        [InputRequired("请选择申诉是否成立。")],
        choices=[SelectChoice("dismissed", "不成立，事件照计"), SelectChoice("upheld", "成立，撤销事件")],
    )
    answer = StringField("答复的理由", [DataRequired(REQUIRED), Length(max=500)])


class ChooseForm(StaffForm):
    row_key = HiddenField("行", [DataRequired(REQUIRED)])
    method = StringField("测评方法", [DataRequired("请选定一种测评方法。")])


class ConfirmMarkForm(StaffForm):
    """The second person's hand. `version`: of the value as it was shown."""

    row_key = HiddenField("行", [DataRequired(REQUIRED)])
    version = IntegerField("版本", [InputRequired(NUMBER)])


class WithdrawMarkForm(ConfirmMarkForm):
    reason = StringField("撤回的理由", [DataRequired(REQUIRED), Length(max=500)])


class WithdrawRecordForm(StaffForm):
    reason = StringField("撤回的理由", [DataRequired(REQUIRED), Length(max=500)])


class CancelForm(StaffForm):
    reason = StringField("撤销理由", [DataRequired(REQUIRED), Length(max=500)])


class DeclineForm(StaffForm):
    reason = StringField("退回的理由", [DataRequired(REQUIRED), Length(max=500)])


class ExemptForm(StaffForm):
    row_key = HiddenField("行", [DataRequired(REQUIRED)])
    document = StringField("依据文件", [DataRequired(REQUIRED), Length(max=200)])
    reason = StringField("免考理由", [DataRequired(REQUIRED), Length(max=500)])


class ChangeRulesForm(RulesForm):
    """Once marking has begun: with a reason. `base`: the edition of the rules that the form was filled with. `shown`:
    the fingerprint of the effect, once it was shown."""

    reason = StringField("修改的理由", [DataRequired(REQUIRED), Length(max=500)])
    base = HiddenField("原来的规则", [DataRequired(REQUIRED)])
    shown = HiddenField("预览", [Optional()])
