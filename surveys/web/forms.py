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
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from surveys.services.errors import BadInput

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


class IssueForm(StaffForm):
    class_key = SelectField("票种")
    count = IntegerField("张数", [InputRequired(NUMBER), NumberRange(1, 5000, "张数须是 1 至 5000。")])
    format = RadioField(
        "下载为",
        choices=[
            SelectChoice("pdf", "打印纸条（PDF）"),
            SelectChoice("csv", "表格（CSV）"),
            SelectChoice("zip", "两样都要（ZIP）"),
        ],
        default="pdf",
    )


class PresentForm(StaffForm):
    present = IntegerField("实到人数", [InputRequired(NUMBER), NumberRange(0, 100000, "人数须是 0 至 100000。")])


class PauseForm(StaffForm):
    reason = StringField("暂停的原因", [DataRequired(REQUIRED), Length(max=200)])


class EndInForm(StaffForm):
    """Empty: no countdown."""

    minutes = IntegerField("几分钟后结束", [Optional(), NumberRange(1, 1440, "分钟数须是 1 至 1440。")])


class VoidForm(StaffForm):
    code = StringField("票码", [DataRequired(REQUIRED), Length(max=60)])
    reason = StringField("原因", [DataRequired(REQUIRED), Length(max=200)])


class PollForm(StaffForm):
    title = StringField("测评会名称", [DataRequired(REQUIRED), Length(max=60)], default="年度民主测评")
    entitled = IntegerField("应到人数", [InputRequired(NUMBER), NumberRange(1, 100000, "人数须是 1 至 100000。")])
    classes = TextAreaField(
        "票种（一行一种：代号 名称 权重）", [DataRequired(REQUIRED), Length(max=1000)], default="A 参评人 1"
    )
    rehearsal = BooleanField("这是演练，结果不计入考核")
    two_person = BooleanField("双人启封：组织员和监票人都启封后才能看结果")


class AssessmentForm(StaffForm):
    title = StringField("考核名称", [DataRequired(REQUIRED), Length(max=100)])
    # The service says which frameworks there are, in Chinese.
    frameworks = SelectMultipleField(
        "测评体系（可多选）", [DataRequired("请至少选一个测评体系。")], validate_choice=False
    )


class UnitForm(StaffForm):
    name = StringField("单位名称", [DataRequired(REQUIRED), Length(max=100)])
    category = StringField("类别（同类别内排名）", [DataRequired(REQUIRED), Length(max=50)])
    framework = SelectField("测评体系")
    tags = StringField("单位标签（用空格隔开，没有就不填）", [Optional(), Length(max=300)])
    department = StringField("本单位作为考核部门时的名称（回避用，没有就不填）", [Optional(), Length(max=50)])
    leaders = TextAreaField("领导名单（一行一人：姓名 职务）", [Optional(), Length(max=10000)])


class UploadForm(StaffForm):
    file = FileField("文件", [FileRequired("请先选一个文件。")])


class TakeOverForm(StaffForm):
    """Confirms what a preview shows. `shown`: the preview's fingerprint."""

    shown = HiddenField("预览", [DataRequired(REQUIRED)])


class EventForm(StaffForm):
    row_key = HiddenField("行", [DataRequired(REQUIRED)])
    points = StringField("分数", [Optional(), Length(max=10)])
    happened_on = DateField("日期", [InputRequired("请填写日期。")])
    document = StringField("依据文件", [DataRequired(REQUIRED), Length(max=200)])
    reason = StringField("事由", [DataRequired(REQUIRED), Length(max=500)])
    level = StringField("表彰级别（如省级；没有就不填）", [Optional(), Length(max=40)])
    occasion = StringField("事项（同一事项登记几条时写同样的名称，只按最高的一条计）", [Optional(), Length(max=200)])


class AppealForm(StaffForm):
    grounds = StringField("申诉的理由", [DataRequired(REQUIRED), Length(max=500)])


class AnswerForm(StaffForm):
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


class CancelForm(StaffForm):
    reason = StringField("撤销理由", [DataRequired(REQUIRED), Length(max=500)])


class ExemptForm(StaffForm):
    row_key = HiddenField("行", [DataRequired(REQUIRED)])
    document = StringField("依据文件", [DataRequired(REQUIRED), Length(max=200)])
    reason = StringField("免考理由", [DataRequired(REQUIRED), Length(max=500)])
