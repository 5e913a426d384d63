package org.vit4j.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.backend.onednn.OneDnnBackend;
import org.vit4j.backend.samediff.SameDiffBackend;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.machine.JavaCppLogging;

/** Choice of the implementation that executes a graph. */
public final class Backend {
    /** The device of every implementation, unless another one is chosen. */
    public static final String CPU = "cpu";

    private static final Pattern DEVICE = Pattern.compile("cpu|cuda:\\d{1,3}");

    /**
     * The implementations of every build, fastest first; the last one can always run. A new implementation is added here, or
     * in META-INF/services if its dependencies belong to a Maven profile.
     */
    private static final List<BackendProvider> PROVIDERS = List.of(new OneDnnBackend(), new SameDiffBackend());

    /** The first implementation that is available; if it is not the fastest one, the log says why. */
    public static final Backend AUTO = new Backend("auto", PROVIDERS, Precision.FP32);

    private static final List<Backend> ALL = Stream.concat(
                    Stream.of(AUTO),
                    Stream.concat(PROVIDERS.stream(), Stream.of(joined("torch", "libtorch", "torch")))
                            .map(Backend::of))
            .toList();

    /** Static plans of oneDNN kernels. Requires a CPU with AVX2 and float parameters. */
    public static final Backend ONEDNN = named("onednn");

    /**
     * Standard ND4J operations, on any ND4J backend and in any float type. The reference: other backends must agree
     * with it.
     */
    public static final Backend SAMEDIFF = named("samediff");

    /** libtorch's operations, on the CPU; in builds with the Maven profile {@code torch}. {@code auto} does not select it. */
    public static final Backend TORCH = named("torch");

    private static final Logger LOG = LoggerFactory.getLogger(Backend.class);

    static {
        JavaCppLogging.useSlf4j();
    }

    /** Limits the message about a slower backend to one per process. */
    private static final AtomicBoolean REPORTED = new AtomicBoolean();

    private final String configName;
    private final List<BackendProvider> candidates;
    private final Precision precision;

    private Backend(String configName, List<BackendProvider> candidates, Precision precision) {
        this.configName = configName;
        this.candidates = candidates;
        this.precision = precision;
    }

    /** The implementation that a Maven profile has added to this build, or the reason that it is missing. */
    private static BackendProvider joined(String word, String title, String profile) {
        return ServiceLoader.load(BackendProvider.class, Backend.class.getClassLoader()).stream()
                .map(ServiceLoader.Provider::get)
                .filter(provider -> provider.configName().equals(word))
                .findFirst()
                .orElseGet(() -> new MissingBackend(word, title, profile));
    }

    /** A backend of one implementation, in float32. */
    static Backend of(BackendProvider provider) {
        return new Backend(provider.configName(), List.of(provider), Precision.FP32);
    }

    /** Finds a backend by its word in configs. @throws IllegalArgumentException if there is none */
    public static Backend named(String word) {
        return ALL.stream()
                .filter(backend -> backend.configName.equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "unknown backend '" + word + "'; known: " + String.join(", ", configNames())));
    }

    /** The words for all backends in configs: {@code auto}, and one per implementation. */
    public static List<String> configNames() {
        return ALL.stream().map(Backend::configName).toList();
    }

    /** The word for this backend in configs and results. */
    public String configName() {
        return configName;
    }

    /** This backend with another precision; the precision is float32 unless it is set. */
    public Backend with(Precision other) {
        return new Backend(configName, candidates, other);
    }

    /**
     * This backend on a device, {@code cpu} or {@code cuda:N}. On a GPU, {@code auto} is the libtorch backend.
     *
     * @throws ConfigError if there is no such device, or this backend does not compute there
     */
    public Backend on(String device) {
        if (!DEVICE.matcher(device).matches()) throw new ConfigError("expected cpu or cuda:N, got '" + device + "'");
        if (device.equals(CPU)) return this;
        if (this.configName.equals(AUTO.configName))
            return TORCH.with(precision).on(device);
        List<BackendProvider> there = candidates.stream()
                .flatMap(candidate -> candidate.on(device).stream())
                .toList();
        if (there.isEmpty())
            throw new ConfigError("the " + configName + " backend does not compute on " + device + "; use the "
                    + TORCH.configName + " backend");
        return new Backend(configName, there, precision);
    }

    public Precision precision() {
        return precision;
    }

    /**
     * The parameters where this backend computes, to train them there; the caller closes them.
     *
     * @throws ConfigError if no implementation of this backend is available
     */
    public DeviceParameters parameters(ParameterStore store) {
        return provider(store).parameters(store);
    }

    /** Inference over parameters of this backend, made by {@link #parameters}, which may change between passes. */
    public Inference inference(Graph graph, DeviceParameters parameters) {
        return provider(parameters.store()).inference(graph, parameters, precision);
    }

    /** Computation of loss and gradients for parameters of this backend, made by {@link #parameters}. */
    public GradientStep step(Graph graph, DeviceParameters parameters, Mode mode, GradientStep.GradientSpec spec) {
        return provider(parameters.store()).step(graph, parameters, mode, spec, precision);
    }

    /** Inference over parameters that may change between passes, as in training. */
    public Inference inference(Graph graph, ParameterStore parameters) {
        return provider(parameters).inference(graph, parameters, false, precision);
    }

    /** Inference over constant parameters, as of a saved model: values that depend only on them are computed once. */
    public Inference fixedInference(Graph graph, ParameterStore parameters) {
        return provider(parameters).inference(graph, parameters, true, precision);
    }

    /** Creates the computation of loss and gradients. */
    public GradientStep step(Graph graph, ParameterStore parameters, Mode mode, GradientStep.GradientSpec spec) {
        return provider(parameters).step(graph, parameters, mode, spec, precision);
    }

    /**
     * Checks that this machine can run the backend, before anything is written.
     *
     * @throws ConfigError if no implementation of this backend is available with its precision
     */
    public void check() {
        if (precision == Precision.FP32 && candidates.size() > 1) return; // the last one can always run
        List<String> reasons = new ArrayList<>();
        for (BackendProvider candidate : candidates) {
            Optional<String> reason = candidate.unavailableReason(precision);
            if (reason.isEmpty()) return;
            reasons.add(reason.get());
        }
        throw refusal(reasons);
    }

    private ConfigError refusal(List<String> reasons) {
        if (precision != Precision.FP32) {
            return new ConfigError("precision " + precision.configName() + " is not available: " + reasons.get(0)
                    + "; use " + Precision.FP32.configName());
        }
        BackendProvider last = PROVIDERS.get(PROVIDERS.size() - 1);
        return new ConfigError("train.backend: " + configName + " is not available: " + String.join("; ", reasons)
                + "; use auto or " + last.configName());
    }

    /** @throws ConfigError if no candidate is available */
    private BackendProvider provider(ParameterStore parameters) {
        List<String> reasons = new ArrayList<>();
        for (BackendProvider candidate : candidates) {
            Optional<String> reason = candidate.unavailableReason(parameters, precision);
            if (reason.isPresent()) {
                reasons.add(reason.get());
                continue;
            }
            if (!reasons.isEmpty() && REPORTED.compareAndSet(false, true)) {
                LOG.info("using the slower {} backend: {}", candidate.title(), String.join("; ", reasons));
            }
            return candidate;
        }
        throw refusal(reasons);
    }

    @Override
    public String toString() {
        return configName;
    }
}
