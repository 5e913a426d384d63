package org.vit4j.tracking;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import java.util.function.Function;
import javax.net.ssl.SSLHandshakeException;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.MlflowClientException;
import org.mlflow.tracking.MlflowHttpException;
import org.vit4j.tracking.MlflowServer.MlflowFailure;

/** Messages of failed calls. */
class MlflowServerTest {
    private static AbstractThrowableAssert<?, ?> failureOf(RuntimeException error) {
        MlflowTarget target = MlflowTarget.of(MlflowConfig.of("http://localhost:1"), Map.of());
        Function<MlflowClient, Boolean> request = client -> {
            throw error;
        };
        try (MlflowServer server = new MlflowServer(target, Duration.ofSeconds(10))) {
            return assertThatThrownBy(() -> server.call(request)).isInstanceOf(MlflowFailure.class);
        }
    }

    @Test
    void controlCharactersOfAServerAreNotPrinted() {
        String message = "{\"message\": \"\\u001b]0;title\\u0007 bad\\r\\n\\u0000\\u009b31mvalue\\u007f\"}";
        failureOf(new MlflowHttpException(400, "Bad Request", message)).hasMessage("HTTP 400, ]0;title bad 31mvalue");
    }

    @Test
    void anUnknownCertificateNamesTheTrustStore() {
        String reason = "PKIX path building failed: unable to find valid certification path to requested target";
        failureOf(new MlflowClientException(new SSLHandshakeException(reason)))
                .hasMessage(reason + "; add the certificate of the server to a trust store and set"
                        + " VIT4J_JAVA_OPTS=-Djavax.net.ssl.trustStore=FILE");
    }
}
