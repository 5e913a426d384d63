package org.vit4j.tracking;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Map;
import java.util.Optional;
import org.mlflow.tracking.creds.BasicMlflowHostCreds;
import org.vit4j.config.ConfigError;

/**
 * Server, credentials and experiment, from the config and the environment variables of MLflow.
 *
 * @param uri of the server, without a slash at the end
 * @param username null if not set, as also password and token
 * @param experimentId replaces the name if present
 * @param runId MLflow run to log to, made by another program; a new one is made if empty
 */
record MlflowTarget(
        String uri,
        String username,
        String password,
        String token,
        String experiment,
        Optional<String> experimentId,
        Optional<String> runId) {
    private static final String URI_VARIABLE = "MLFLOW_TRACKING_URI";
    private static final String INSECURE = "MLFLOW_TRACKING_INSECURE_TLS";

    /** @throws ConfigError if the server is not given or not one that can be used */
    static MlflowTarget of(MlflowConfig config, Map<String, String> environment) {
        String uri = config.uri()
                .or(() -> variable(environment, URI_VARIABLE))
                .orElseThrow(() -> new ConfigError("output.mlflow: no server; set output.mlflow.uri or " + URI_VARIABLE
                        + ", for example to http://localhost:5000"));
        problem(uri).ifPresent(problem -> {
            throw new ConfigError(URI_VARIABLE + "=" + withoutPassword(uri) + ": " + problem);
        });
        if (variable(environment, INSECURE)
                .filter(value -> !value.equalsIgnoreCase("false"))
                .isPresent()) {
            throw new ConfigError(INSECURE + ": not supported; add the certificate of the server to the trust store of"
                    + " Java (-Djavax.net.ssl.trustStore)");
        }
        Optional<String> experimentId =
                config.experiment().isPresent() ? Optional.empty() : variable(environment, "MLFLOW_EXPERIMENT_ID");
        return new MlflowTarget(
                uri.replaceFirst("/+$", ""),
                environment.get("MLFLOW_TRACKING_USERNAME"),
                environment.get("MLFLOW_TRACKING_PASSWORD"),
                variable(environment, "MLFLOW_TRACKING_TOKEN")
                        .map(String::strip)
                        .orElse(null), // files end with a newline
                config.experiment()
                        .or(() -> variable(environment, "MLFLOW_EXPERIMENT_NAME"))
                        .orElse("Default"),
                experimentId,
                variable(environment, "MLFLOW_RUN_ID"));
    }

    private static Optional<String> variable(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isBlank());
    }

    /** Returns the problem with the address of a server, if there is one. */
    static Optional<String> problem(String uri) {
        URI parsed;
        try {
            parsed = new URI(uri);
        } catch (URISyntaxException e) {
            return Optional.of("is not an address; expected one such as http://localhost:5000");
        }
        String scheme = parsed.getScheme();
        if (scheme == null || !scheme.matches("(?i)https?")) {
            return Optional.of(
                    isStore(uri, scheme)
                            ? "is a store on disk, which only Python writes; start a server with 'mlflow server"
                                    + " --backend-store-uri " + uri
                                    + "' and use its address, such as http://localhost:5000"
                            : "is not supported; expected the address of a server, such as http://localhost:5000");
        }
        if (parsed.getUserInfo() != null) {
            return Optional.of("contains a password, which would be saved with the config; set"
                    + " MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD instead");
        }
        if (parsed.getHost() == null) return Optional.of("has no host; expected one such as http://localhost:5000");
        return Optional.empty();
    }

    private static boolean isStore(String uri, String scheme) {
        return scheme == null
                ? uri.startsWith(".") || uri.startsWith("/") || uri.startsWith("~") || uri.equals("mlruns")
                : scheme.matches("(?i)file|sqlite|mysql.*|postgresql.*|mssql.*");
    }

    /** Returns an address for messages. */
    static String withoutPassword(String uri) {
        return uri.replaceFirst("//[^/@]*@", "//***@");
    }

    BasicMlflowHostCreds credentials() {
        return new BasicMlflowHostCreds(uri, username, password, token, false);
    }
}
