package org.vit4j.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.tracking.MlflowConfig.MlflowArtifact;

class MlflowConfigTest {
    private static Optional<MlflowConfig> read(String yaml) {
        Config config = Config.parse(yaml, "c.yaml", List.of());
        Optional<MlflowConfig> read = MlflowConfig.read(config.root().section("output"));
        config.finish();
        return read;
    }

    @Test
    void aSectionHasAllSettings() {
        MlflowConfig config = read("""
                        output:
                          mlflow:
                            uri: https://mlflow.example.org/prefix
                            experiment: pets
                            run_name: first
                            tags: {team: vision, mlflow.note.content: "a note"}
                            artifacts: [report, best]
                        """).orElseThrow();
        assertThat(config)
                .isEqualTo(new MlflowConfig(
                        Optional.of("https://mlflow.example.org/prefix"),
                        Optional.of("pets"),
                        Optional.of("first"),
                        Map.of("team", "vision", "mlflow.note.content", "a note"),
                        List.of(MlflowArtifact.REPORT, MlflowArtifact.BEST)));
    }

    @Test
    void anAddressOrTrueIsEnough() {
        assertThat(read("output: {mlflow: 'http://localhost:5000'}"))
                .contains(MlflowConfig.of("http://localhost:5000"));
        assertThat(read("output: {mlflow: true}").orElseThrow().uri()).isEmpty();
        assertThat(read("output: {mlflow: {artifacts: off}}").orElseThrow().artifacts())
                .isEmpty();
        assertThat(read("output: {mlflow: off}")).isEmpty();
        assertThat(read("output: {}")).isEmpty();
    }

    @Test
    void theResolvedConfigReadsTheSame() {
        for (String yaml : List.of(
                "output: {mlflow: 'http://localhost:5000'}",
                "output: {mlflow: true}",
                "output: {mlflow: {tags: {a.b: c}, artifacts: best}}",
                "output: {mlflow: {artifacts: none}}")) {
            Config config = Config.parse(yaml, "c.yaml", List.of());
            Optional<MlflowConfig> read = MlflowConfig.read(config.root().section("output"));
            assertThat(read(config.resolved())).as(yaml).isEqualTo(read).isPresent();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    'file:./mlruns'             | is a store on disk, which only Python writes; start a server with 'mlflow server --backend-store-uri file:./mlruns' and use its address
                    './mlruns'                  | is a store on disk
                    'sqlite:///mlflow.db'       | is a store on disk
                    'localhost:5000'            | is not supported; expected the address of a server, such as http://localhost:5000
                    'http://me:pw@host:5000'    | contains a password, which would be saved with the config; set MLFLOW_TRACKING_USERNAME
                    'http://'                   | is not an address
                    'a b'                       | is not an address
                    """)
    void otherAddressesAreRejectedWithTheReason(String uri, String problem) {
        assertThatThrownBy(() -> read("output:\n  mlflow: '" + uri + "'"))
                .isInstanceOf(ConfigError.class)
                .hasMessageStartingWith("c.yaml:2: output.mlflow: '" + uri.replace("me:pw", "***") + "' ")
                .hasMessageContaining(problem.replace("''", "'"));
        assertThatThrownBy(() -> read("output:\n  mlflow:\n    uri: '" + uri + "'"))
                .hasMessageStartingWith("c.yaml:3: output.mlflow: uri (" + uri.replace("me:pw", "***") + ") ")
                .hasMessageContaining(problem.replace("''", "'"));
    }

    @Test
    void wrongKeysAndValuesAreRejected() {
        assertThatThrownBy(() -> read("output: {mlflow: {expermient: a}}"))
                .hasMessageContaining("output.mlflow: unknown key 'expermient', did you mean 'experiment'?");
        assertThatThrownBy(() -> read("output: {mlflow: {artifacts: [models]}}"))
                .hasMessageContaining("output.mlflow.artifacts: unknown value 'models'");
        assertThatThrownBy(() -> read("output: {mlflow: {tags: [a]}}"))
                .hasMessageContaining("output.mlflow.tags: expected a section");
        assertThatThrownBy(() -> read("output: {mlflow: [a]}")).hasMessageContaining("output.mlflow: expected");
    }

    @Test
    void theServerMustBeGivenSomewhere() {
        MlflowConfig config = read("output: {mlflow: on}").orElseThrow();
        assertThatThrownBy(() -> MlflowTarget.of(config, Map.of()))
                .isInstanceOf(ConfigError.class)
                .hasMessage("output.mlflow: no server; set output.mlflow.uri or MLFLOW_TRACKING_URI, for example to"
                        + " http://localhost:5000");
        assertThatThrownBy(() -> MlflowTarget.of(config, Map.of("MLFLOW_TRACKING_URI", "file:./mlruns")))
                .hasMessageStartingWith("MLFLOW_TRACKING_URI=file:./mlruns: is a store on disk");
        assertThatThrownBy(() -> MlflowTarget.of(
                        config, Map.of("MLFLOW_TRACKING_URI", "https://h", "MLFLOW_TRACKING_INSECURE_TLS", "true")))
                .hasMessageStartingWith("MLFLOW_TRACKING_INSECURE_TLS: not supported; add the certificate");
        assertThat(MlflowTarget.of(config, Map.of("MLFLOW_TRACKING_URI", "https://h/x/"))
                        .uri())
                .isEqualTo("https://h/x");
    }
}
