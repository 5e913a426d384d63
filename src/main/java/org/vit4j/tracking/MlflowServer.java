package org.vit4j.tracking;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.MlflowHttpException;
import org.mlflow_project.google.protobuf.InvalidProtocolBufferException;
import org.mlflow_project.google.protobuf.MessageOrBuilder;
import org.mlflow_project.google.protobuf.util.JsonFormat;
import org.vit4j.io.ShortText;

/**
 * Calls of an MLflow server with a time limit, which the client does not have, and with errors of one line. Used by one
 * thread at a time.
 */
final class MlflowServer implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LONGEST_REASON = 300;
    /** Message of Java about a certificate of an unknown authority, or of none. */
    private static final String UNTRUSTED = "unable to find valid certification path";

    private static final String TRUST = "; add the certificate of the server to a trust store and set"
            + " VIT4J_JAVA_OPTS=-Djavax.net.ssl.trustStore=FILE";
    private static final String NOT_MLFLOW = "not an answer of MLflow";
    /** Logs each retry to standard error; kept here because java.util.logging forgets loggers without references. */
    private static final Logger HTTP = Logger.getLogger("org.mlflow_project.apachehttp");

    static {
        HTTP.setLevel(Level.SEVERE);
    }

    private final MlflowTarget target;
    private final Duration limit;
    private MlflowClient client;

    /** A call that failed; the message is one line. */
    static final class MlflowFailure extends Exception {
        private static final long serialVersionUID = 1L;
        /** Status of a request that was not sent because its file cannot be read. */
        static final int UNREADABLE = -1;

        private final int status;

        /** @param status of HTTP; 0 without an answer */
        MlflowFailure(int status, String message, Throwable cause) {
            super(message, cause);
            this.status = status;
        }

        /** Returns true if there was a connection, which ended before the answer. */
        boolean isLostConnection() {
            Throwable cause = getCause();
            while (cause != null && cause.getCause() != null) cause = cause.getCause();
            return cause instanceof SocketException && !(cause instanceof ConnectException);
        }

        /** Returns true if the request had no HTTP answer, so that others will not have one either. */
        boolean isUnanswered() {
            return status == 0;
        }

        /** Returns true if MLflow answered that it does not accept the request. */
        boolean isRejected() {
            return status == 400;
        }

        /** Returns true if the server answered that the object does not exist. */
        boolean isNotFound() {
            return status == 404;
        }
    }

    /** @param limit of one call */
    MlflowServer(MlflowTarget target, Duration limit) {
        this.target = target;
        this.limit = limit;
        this.client = new MlflowClient(target.credentials());
    }

    MlflowTarget target() {
        return target;
    }

    synchronized <T> T call(Function<MlflowClient, T> request) throws MlflowFailure {
        return call(request, limit);
    }

    /** Calls the server in a thread of its own, which is abandoned with its connections after the limit. */
    synchronized <T> T call(Function<MlflowClient, T> request, Duration within) throws MlflowFailure {
        MlflowClient current = client;
        FutureTask<T> task = new FutureTask<>(() -> request.apply(current));
        Thread thread = new Thread(task, "mlflow");
        thread.setDaemon(true);
        thread.start();
        try {
            return task.get(within.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw failure(e.getCause());
        } catch (TimeoutException e) {
            renew();
            throw new MlflowFailure(0, "no answer within " + within.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            renew();
            Thread.currentThread().interrupt();
            throw new MlflowFailure(0, "interrupted", e);
        }
    }

    /** Sends a request and discards the answer, which must be a JSON object, such as {@code {}}. */
    void post(String path, MessageOrBuilder request) throws MlflowFailure {
        post(path, request, limit);
    }

    void post(String path, MessageOrBuilder request, Duration within) throws MlflowFailure {
        String body = json(request);
        String answer = call(client -> client.sendPost(path, body), within);
        if (!isObject(answer)) throw notMlflow();
    }

    private static String json(MessageOrBuilder request) {
        try {
            return JsonFormat.printer().preservingProtoFieldNames().print(request);
        } catch (InvalidProtocolBufferException e) {
            throw new UncheckedIOException(e); // only for messages of unknown types
        }
    }

    private static boolean isObject(String body) {
        try {
            return JSON.readTree(body).isObject();
        } catch (JsonProcessingException e) {
            return false;
        }
    }

    /** Makes the failure of a request that another program answered with success, for example a proxy. */
    static MlflowFailure notMlflow() {
        return new MlflowFailure(200, NOT_MLFLOW, null);
    }

    private void renew() {
        client.close();
        client = new MlflowClient(target.credentials());
    }

    private static MlflowFailure failure(Throwable cause) {
        if (cause instanceof MlflowHttpException http) {
            return new MlflowFailure(http.getStatusCode(), reason(http), http);
        }
        if (cause instanceof Error error) throw error;
        if (isNotMlflow(cause)) return new MlflowFailure(200, NOT_MLFLOW, cause);
        Throwable root = cause;
        while (root.getCause() != null) root = root.getCause();
        boolean named = root.getMessage() != null && root.getMessage().contains(" ");
        String text = named ? root.getMessage() : root.getClass().getSimpleName() + ": " + root.getMessage();
        String advice = text.contains(UNTRUSTED) ? TRUST : "";
        return new MlflowFailure(0, oneLine(text) + advice, cause);
    }

    /** Returns true for the errors of the client about an answer that is not JSON, or is empty (HTTP 204). */
    private static boolean isNotMlflow(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof InvalidProtocolBufferException) return true;
            if (cause instanceof IllegalArgumentException && "Entity may not be null".equals(cause.getMessage()))
                return true;
        }
        return false;
    }

    private static String reason(MlflowHttpException http) {
        int status = http.getStatusCode();
        if (status == 401 || status == 403) {
            return "HTTP " + status + ", access denied; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or"
                    + " MLFLOW_TRACKING_TOKEN";
        }
        return "HTTP " + status
                + message(http.getBodyMessage())
                        .map(text -> ", " + oneLine(text))
                        .orElse(", " + NOT_MLFLOW);
    }

    /** Returns the message of an answer of MLflow; empty if another program answered. */
    private static Optional<String> message(String body) {
        try {
            JsonNode json = JSON.readTree(body == null ? "" : body);
            return Optional.ofNullable(json.get("message")).map(JsonNode::asText);
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    private static String oneLine(String text) {
        String line = text.replaceAll("[\\s\\p{Cc}]+", " ").strip(); // no escape sequences for the terminal
        return line.length() <= LONGEST_REASON ? line : ShortText.prefix(line, LONGEST_REASON) + "...";
    }

    @Override
    public synchronized void close() {
        client.close();
    }
}
