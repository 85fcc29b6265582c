# syntax=docker/dockerfile:1
FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
# The caches live outside the layers: a changed line builds one crate, not four hundred.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --package iris --bin iris \
    && cp target/release/iris /usr/local/bin/iris

FROM debian:12-slim
# What reads PDFs and scans, and a font for pages that bring none. Debian's security fixes are the versions wanted.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        bubblewrap fonts-dejavu-core poppler-utils tesseract-ocr tesseract-ocr-eng tesseract-ocr-swe \
    && rm -rf /var/lib/apt/lists/*
# TLS to outside providers needs the authorities' certificates.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /usr/local/bin/iris /usr/local/bin/iris
# No name, no home, no shell login: a number that owns no file in the image.
USER 10001:10001
ENV HTTP_ADDR=0.0.0.0:8080 LOG_FORMAT=json
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["iris", "health", "http://127.0.0.1:8080/health/live"]
ENTRYPOINT ["iris"]
CMD ["serve"]
