"""What routes ask for, as annotations that read like words."""

from typing import Annotated

from fastapi import Depends, Query, Request

from app.wiring.application import Zhiwen


def _zhiwen(request: Request) -> Zhiwen:
    house: Zhiwen = request.app.state.zhiwen
    return house


House = Annotated[Zhiwen, Depends(_zhiwen)]
Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0)]
