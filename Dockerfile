# Muster in a container: a stage that builds and packages, one that tests, and a small one that runs.
#
#   docker build -t muster .                  the server, and the gateway
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
# The user's number is the image's, whatever else it holds: volumes remember numbers, not names. Folders that volumes are laid
# over are there, because a new volume takes its owner from them. The small one of the packages that make users is here
# because a whole systemd is of no use.
RUN groupadd --system --gid 745 muster \
 && useradd --system --uid 745 --gid muster --home-dir /var/lib/muster --no-create-home --shell /usr/sbin/nologin muster \
 && apt-get -qq update \
 && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
      systemd-standalone-sysusers /tmp/package/*.deb \
 && install -d -o muster -g muster -m 0750 /etc/muster/tls /etc/muster/gateway-tls /etc/muster/authority \
 && rm -rf /tmp/package /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
USER muster
# Mount a disk here: what is not on one goes with the container.
VOLUME /var/lib/muster
EXPOSE 7450 7480
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["muster", "doctor", "--timeout", "5s"]
STOPSIGNAL SIGTERM
# The gateway is `--entrypoint muster-gateway`.
ENTRYPOINT ["musterd"]
