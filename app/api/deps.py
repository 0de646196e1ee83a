"""Parameters shared by routes, as annotated types."""

from typing import Annotated

from fastapi import Depends, Query, Request

from app.wiring.application import Zhiwen


def _zhiwen(request: Request) -> Zhiwen:
    app: Zhiwen = request.app.state.zhiwen
    return app


App = Annotated[Zhiwen, Depends(_zhiwen)]
Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0)]
