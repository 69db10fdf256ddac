# Muster in a container: a stage that builds and packages, one that tests, and a small one that runs.
#
#   docker build -t muster .                  the server
#   docker build --target test .              builds and runs all tests
#
# BASE is Debian 12 in every stage.
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
# What building needs is a layer of its own, made again only when the list changes.
COPY dev .
RUN ./dev setup build
COPY . .
RUN ./dev package

FROM build AS test
RUN ./dev test

FROM ${BASE} AS runtime
COPY --from=build /src/build/package/ /tmp/package/
# The small one of the packages that make users; a whole systemd is of no use here.
RUN apt-get -qq update \
 && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
      systemd-standalone-sysusers /tmp/package/*.deb \
 && rm -rf /tmp/package /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
USER muster
# Mount a disk here: what is not on one goes with the container.
VOLUME /var/lib/muster
EXPOSE 7450
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["muster", "doctor", "--timeout", "5s"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["musterd"]
