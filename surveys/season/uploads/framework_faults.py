"""What pydantic finds wrong with a field of a framework -> what to do in the cell."""

from typing import Any

from pydantic_core import ErrorDetails


def field_remedy(details: ErrorDetails) -> str:
    context: dict[str, Any] = details.get("ctx", {})
    match details["type"]:
        case "number_invalid" if details["input"] == "":
            return "没有填写：请填上分值，一票否决填 0。"
        case "number_invalid":
            return "不是分数：请填数字，如 2 或 2.5。"
        case "greater_than_equal":
            return f"不能小于 {context['ge']}：请改正。"
        case "less_than_equal":
            return f"不能大于 {context['le']}：请改正。"
        case "string_too_short":
            return "没有填写：请填上。"
        case "string_too_long":
            return f"太长，最多 {context['max_length']} 个字：请删短。"
        case "string_pattern_mismatch" if details["input"] == "":
            return "没有填写：请填上编号。"
        case "string_pattern_mismatch" if len(details["loc"]) == 1:
            return "体系编号只能用半角小写字母、数字、-、_，以字母开头：请改正。"
        case "string_pattern_mismatch":
            return "编号只能用字母、数字、( ) . - _，中间不能有空格：请改正。"
    return "内容不对：请照导出的表改正。"
