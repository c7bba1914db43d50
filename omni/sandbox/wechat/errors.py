"""The refusals of WeChat Pay v3."""


class WechatError(Exception):
    """An error answer, `{code, message}` under an HTTP status."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message = status, code, message


def param_error(name: str, rule: str) -> WechatError:
    """Refuse one parameter."""
    return WechatError(400, "PARAM_ERROR", f"输入源“/body/{name}”映射到字段校验失败：{rule}")
