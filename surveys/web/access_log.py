"""gunicorn's logger without codes: neither the access log nor an error's line holds a ballot's address."""

from typing import Any

from gunicorn.glogging import Logger

from surveys.web.masking import mask_record, masked


class MaskedLogger(Logger):  # type: ignore[misc]
    """Lines of voters' pages carry no address of the caller either: the format asks for none."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401
        super().setup(cfg)
        self.error_log.addFilter(mask_record)
        self.access_log.addFilter(mask_record)

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> dict[str, Any]:  # noqa: ANN401
        atoms: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        return {key: masked(value) if isinstance(value, str) else value for key, value in atoms.items()}
