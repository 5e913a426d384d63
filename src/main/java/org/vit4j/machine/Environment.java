package org.vit4j.machine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.nd4j.linalg.factory.Nd4j;

/** Description of the environment of a run: versions, backend and machine. */
public final class Environment {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Environment() {}

    /** Returns library versions, backend, Java and system; loads the ND4J backend. */
    public static Map<String, String> describe() {
        Map<String, String> all = new LinkedHashMap<>();
        Package vit4j = Environment.class.getPackage();
        all.put("vit4j", Optional.ofNullable(vit4j.getImplementationVersion()).orElse("development"));
        all.put("commit", System.getProperty("vit4j.commit", "unknown"));
        all.put("nd4j_backend", Nd4j.getBackend().getClass().getSimpleName());
        Properties info = Nd4j.getExecutioner().getEnvironmentInformation();
        all.put("nd4j_blas", String.valueOf(info.get("blas.vendor")));
        all.put("nd4j_threads", String.valueOf(Nd4j.getEnvironment().maxThreads()));
        all.put(
                "nd4j_build",
                Optional.ofNullable(Nd4j.class.getPackage().getImplementationVersion())
                        .orElse("1.0.0-M2.1"));
        all.put("java", System.getProperty("java.vm.name") + " " + System.getProperty("java.version"));
        all.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        all.put("arch", System.getProperty("os.arch"));
        all.put("processors", String.valueOf(CpuThreads.available()));
        all.put("threads", String.valueOf(CpuThreads.current()));
        all.put("omp_num_threads", String.valueOf(System.getenv().getOrDefault("OMP_NUM_THREADS", "not set")));
        return all;
    }

    /** Returns {@link #describe} as JSON. */
    public static String json() {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(describe()) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
