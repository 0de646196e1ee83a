# The balancer before several vLLM: docker build -f docker/router.Dockerfile -t zhiwen-router:0.1.17 .

FROM python:3.11.14-slim-bookworm AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/router && /opt/router/bin/pip install vllm-router==0.1.17


FROM python:3.11.14-slim-bookworm

RUN useradd --uid 10001 --user-group --create-home router
COPY --from=build /opt/router /opt/router
ENV PATH=/opt/router/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
EXPOSE 8100

HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8100/liveness', timeout=4)"]
ENTRYPOINT ["vllm-router"]
CMD ["--host=0.0.0.0", "--port=8100", "--policy=cache_aware", "--worker-urls", "http://engine:8100"]
