#!/usr/bin/env bash
# Wire 7.2.0 ends a stream of gRPC that says nothing for 10 s, and Armeria 1.36.0 every stream after 15 s.
#
# Guessed: as with grpc-java, a stream without a deadline stays open as long as its connection does.
# Seen: a server that says something at once and again after 20 s. Wire's call ends at 10 s with SocketTimeoutException: it is the read
# timeout of OkHttp 5.5.0, which counts for each stream. Armeria's ends 15 s after it began with DEADLINE_EXCEEDED, which is its
# response timeout; messages in between put nothing off: a stream that says something each second ends at 15 s, too.
# What follows: `readTimeout(Duration.ZERO)` of the OkHttpClient, `responseTimeoutMillis(0)` of the client of Armeria, and silence is
# then noticed by a timer of one's own. It needs a JDK of 17 or newer and Maven.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check grpcio==1.85.1
cd "$folder"
cat >serve.py <<'PYTHON'
import time
from concurrent import futures

import grpc


def said(seconds_apart):
    def follow(request, context):
        yield b""
        for _ in range(20 // seconds_apart):
            time.sleep(seconds_apart)
            yield b""

    return grpc.unary_stream_rpc_method_handler(follow)


class Follow(grpc.GenericRpcHandler):
    def service(self, details):
        """The same method: a message at once and after 20 s, or one each second where a header asks for it."""
        return said(1 if ("lively", "yes") in details.invocation_metadata else 20)


server = grpc.server(futures.ThreadPoolExecutor(4), handlers=(Follow(),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
time.sleep(300)
PYTHON
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>probe</groupId>
  <artifactId>probe</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>com.squareup.wire</groupId><artifactId>wire-grpc-client-jvm</artifactId><version>7.2.0</version></dependency>
    <dependency><groupId>com.linecorp.armeria</groupId><artifactId>armeria-grpc</artifactId><version>1.36.0</version></dependency>
    <dependency><groupId>io.grpc</groupId><artifactId>grpc-services</artifactId><version>1.78.0</version></dependency>
  </dependencies>
</project>
XML
cat >Follow.java <<'JAVA'
import com.linecorp.armeria.client.grpc.GrpcClientBuilder;
import com.linecorp.armeria.client.grpc.GrpcClients;
import com.squareup.wire.GrpcClient;
import com.squareup.wire.GrpcMethod;
import com.squareup.wire.ProtoAdapter;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import kotlin.Unit;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;

public class Follow {
  /** Prints how many messages came, and how the stream ended, with its time in whole seconds from the first one on. */
  static void follow(String name, Callable<Boolean> hasNext) {
    int messages = 0;
    long first = System.nanoTime();
    String end = "end";
    try {
      while (hasNext.call()) {
        if (messages++ == 0) first = System.nanoTime();
      }
    } catch (Exception failure) {
      end = failure.toString().lines().findFirst().get();
    }
    System.out.printf("%s: %d messages, %d s: %s%n", name, messages, Math.round((System.nanoTime() - first) / 1e9), end);
  }

  static void wire(String port, String name, OkHttpClient.Builder http) {
    OkHttpClient made = http.protocols(List.of(Protocol.H2_PRIOR_KNOWLEDGE)).build();
    GrpcClient client = new GrpcClient.Builder().client(made).baseUrl("http://127.0.0.1:" + port).build();
    var call = client.newStreamingCall(new GrpcMethod<>("/probe.Probe/Follow", ProtoAdapter.EMPTY, ProtoAdapter.EMPTY));
    var pair = call.executeBlocking();
    try {
      pair.getFirst().write(Unit.INSTANCE);
      pair.getFirst().close();
    } catch (java.io.IOException failure) {
      throw new java.io.UncheckedIOException(failure);
    }
    follow(name, () -> {
      return pair.getSecond().read() != null;
    });
  }

  static void armeria(String name, GrpcClientBuilder client) {
    var messages = client.build(HealthGrpc.HealthBlockingStub.class).watch(HealthCheckRequest.getDefaultInstance());
    follow(name, () -> {
      if (!messages.hasNext()) return false;
      messages.next();
      return true;
    });
  }

  public static void main(String[] given) {
    String address = "gproto+http://127.0.0.1:" + given[0] + "/";
    wire(given[0], "Wire", new OkHttpClient.Builder());
    wire(given[0], "Wire, readTimeout 0", new OkHttpClient.Builder().readTimeout(Duration.ZERO));
    armeria("Armeria", GrpcClients.builder(address));
    armeria("Armeria, a message each second", GrpcClients.builder(address).setHeader("lively", "yes"));
    armeria("Armeria, responseTimeoutMillis 0", GrpcClients.builder(address).responseTimeoutMillis(0));
    System.exit(0);
  }
}
JAVA
mvn --quiet --batch-mode -Dmaven.repo.local="$folder/repository" dependency:build-classpath -Dmdep.outputFile=classpath
javac -cp "$(cat classpath)" Follow.java
venv/bin/python serve.py >port &
server=$!
until [ -s port ]; do sleep 0.1; done
java -cp "$(cat classpath):." Follow "$(cat port)" 2>/dev/null | tee seen
grep -Eq '^Wire: 1 messages, (10|11) s: java.net.SocketTimeoutException' seen
grep -Eq '^Wire, readTimeout 0: 2 messages, 2[01] s: end' seen
grep -Eq '^Armeria: 1 messages, 1[45] s: io.grpc.StatusRuntimeException: DEADLINE_EXCEEDED' seen
grep -Eq '^Armeria, a message each second: 1[3-6] messages, 1[45] s: .*DEADLINE_EXCEEDED' seen
grep -Eq '^Armeria, responseTimeoutMillis 0: 2 messages, 2[01] s: end' seen
