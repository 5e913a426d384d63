package org.vit4j.tracking;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Locale;
import org.vit4j.tracking.MlflowServer.MlflowFailure;

/**
 * Uploads files to an MLflow run. MLflow's Java client needs Python for that; here the files go directly to servers that
 * store artifacts themselves ({@code mlflow-artifacts:}), and by that client to all other stores.
 */
final class ArtifactUploader {
    private static final String PROXIED = "mlflow-artifacts:";
    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final Duration BY_PYTHON = Duration.ofMinutes(10);
    /** Rate below which an upload is given up. */
    private static final long BYTES_PER_SECOND = 200_000;

    private final MlflowServer server;
    private final String runId;
    private final String artifactUri;

    /** @param artifactUri of the run, as its server reports it */
    ArtifactUploader(MlflowServer server, String runId, String artifactUri) {
        this.server = server;
        this.runId = runId;
        this.artifactUri = artifactUri;
    }

    void upload(Path file) throws MlflowFailure {
        if (artifactUri.startsWith(PROXIED)) put(file);
        else byPython(file);
    }

    private void byPython(Path file) throws MlflowFailure {
        try {
            server.call(
                    client -> {
                        client.logArtifact(runId, file.toFile());
                        return true;
                    },
                    BY_PYTHON);
        } catch (MlflowFailure e) {
            throw new MlflowFailure(
                    0,
                    "the server does not store artifacts itself (" + artifactUri + "), which needs 'pip install mlflow'"
                            + " and access to that place here: " + e.getMessage(),
                    e);
        }
    }

    private void put(Path file) throws MlflowFailure {
        HttpRequest request;
        try {
            request = request(file);
        } catch (IOException e) {
            throw new MlflowFailure(MlflowFailure.UNREADABLE, reason(e), e);
        } catch (IllegalArgumentException e) { // without its message, which may contain the credentials
            throw new MlflowFailure(
                    MlflowFailure.UNREADABLE, "the address or the credentials have invalid characters", null);
        }
        HttpClient http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT)
                .build();
        try {
            HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() / 100 != 2) {
                throw new MlflowFailure(answer.statusCode(), "HTTP " + answer.statusCode(), null);
            }
            if (isPage(answer)) throw MlflowServer.notMlflow();
        } catch (IOException e) {
            throw new MlflowFailure(0, reason(e), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MlflowFailure(0, "interrupted", e);
        }
    }

    private static String reason(IOException e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    /** Returns true for an answer of a proxy or login page, which does not store the file. */
    private static boolean isPage(HttpResponse<?> answer) {
        String type = answer.headers().firstValue("Content-Type").orElse("");
        return type.toLowerCase(Locale.ROOT).startsWith("text/html");
    }

    /**
     * The path of {@code mlflow-artifacts:/1/RUN/artifacts}, or of one with a host. Experiments may have locations with characters
     * that addresses must not have.
     */
    private static String rawPath(String uri) throws IOException {
        String path = uri.replaceFirst("^[^:/]*:(//[^/]*)?", "");
        if (!path.startsWith("/")) throw new IOException("the server names no directory for files: '" + uri + "'");
        try {
            return new URI(path).getRawPath();
        } catch (URISyntaxException e) {
            return encoded(path);
        }
    }

    private static String encoded(String path) throws IOException {
        try {
            return new URI(null, null, path, null).getRawPath();
        } catch (URISyntaxException e) {
            throw new IOException("'" + path + "' is not a path", e);
        }
    }

    private HttpRequest request(Path file) throws IOException {
        String name = file.getFileName().toString();
        String below = rawPath(artifactUri);
        URI address = URI.create(server.target().uri() + "/api/2.0/mlflow-artifacts/artifacts" + below + "/" + name);
        HttpRequest.Builder request = HttpRequest.newBuilder(address)
                .timeout(Duration.ofSeconds(60 + Files.size(file) / BYTES_PER_SECOND))
                .header("Content-Type", "application/octet-stream")
                .PUT(HttpRequest.BodyPublishers.ofFile(file));
        MlflowTarget target = server.target();
        if (target.username() != null && target.password() != null) {
            String both = target.username() + ":" + target.password();
            request.header(
                    "Authorization",
                    "Basic " + Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.UTF_8)));
        } else if (target.token() != null) {
            request.header("Authorization", "Bearer " + target.token());
        }
        return request.build();
    }
}
