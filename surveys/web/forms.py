"""Staff forms (Flask-WTF): labels in Chinese, CSRF on each."""

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    HiddenField,
    PasswordField,
    StringField,
)
from wtforms.validators import DataRequired, EqualTo, InputRequired, Length

from surveys.acts.errors import BadInput
from surveys.acts.limits import LONGEST_NAME, LONGEST_REASON, MINIMUM_PASSWORD

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
    name = StringField("账号", [DataRequired(REQUIRED), Length(max=LONGEST_NAME)])
    password = PasswordField("密码", [DataRequired(REQUIRED), Length(max=200)])


class PasswordForm(StaffForm):
    old = PasswordField("原密码", [DataRequired(REQUIRED), Length(max=200)])
    new = PasswordField(
        f"新密码（至少 {MINIMUM_PASSWORD} 个字符）",
        [DataRequired(REQUIRED), Length(MINIMUM_PASSWORD, 200, f"新密码至少 {MINIMUM_PASSWORD} 个字符。")],
    )
    again = PasswordField(
        "再输一遍新密码", [DataRequired(REQUIRED), EqualTo("new", "两遍输的不一样，密码没有改动。请重新输。")]
    )


def _code_field() -> StringField:
    return StringField("动态码（6 位数字）或恢复码", [DataRequired(REQUIRED), Length(max=40)])


class CodeForm(StaffForm):
    """The second step of signing in. `ticket`: of the first."""

    ticket = HiddenField("登录", [DataRequired(REQUIRED)])
    code = _code_field()


class TurnOffForm(StaffForm):
    code = _code_field()
    password = PasswordField("密码", [DataRequired(REQUIRED), Length(max=200)])


class EnrolForm(TurnOffForm):
    """`offered`: the secret that the page showed, sealed."""

    code = StringField("验证器现在显示的 6 位数字", [DataRequired(REQUIRED), Length(max=40)])
    present = StringField("旧手机上现在的动态码，或一个没用过的恢复码", [Length(max=40)])

    offered = HiddenField("密钥", [DataRequired(REQUIRED)])


class ActForm(StaffForm):
    """A button: nothing but the CSRF token."""


class EndSessionForm(StaffForm):
    key = HiddenField("登录", [DataRequired(REQUIRED)])


class ConfirmForm(StaffForm):
    """A button for what cannot be undone."""

    sure = BooleanField("我确认", [InputRequired("请先勾选“我确认”。")])


class UploadForm(StaffForm):
    file = FileField("文件", [FileRequired("请先选一个文件。")])


class TakeOverForm(StaffForm):
    """Confirms what a preview shows. `shown`: the preview's fingerprint."""

    shown = HiddenField("预览", [DataRequired(REQUIRED)])


class GroundsForm(StaffForm):
    reason = StringField("理由", [DataRequired("请写明理由。"), Length(max=LONGEST_REASON)])


class CloseForm(StaffForm):
    """A promise that is not carried out after all."""

    reason = StringField("理由（单位会看到）", [DataRequired("请写明理由，单位会看到。"), Length(max=LONGEST_REASON)])


class DeclineForm(StaffForm):
    reason = StringField("退回的理由", [DataRequired(REQUIRED), Length(max=LONGEST_REASON)])
