package org.vit4j.backend;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
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

    /** The first usable GPU, or the CPU if there is none. */
    public static final String ANY_DEVICE = "auto";

    private static final Pattern DEVICE = Pattern.compile("auto|cpu|cuda:\\d{1,3}");

    /**
     * The implementations of every build, fastest first; the last one can always run. A new implementation is added here, or
     * in META-INF/services if its dependencies belong to a Maven profile.
     */
    private static final List<BackendProvider> PROVIDERS = List.of(new OneDnnBackend(), new SameDiffBackend());

    private static final BackendProvider TORCH_PROVIDER = joined("torch", "libtorch", "torch", "torch,torch-cuda");

    /**
     * libtorch on the first usable GPU; without one, the first implementation on the CPU that is available. If that is not
     * the fastest one, the log says why.
     */
    public static final Backend AUTO = new Backend("auto", PROVIDERS, Precision.FP32, List.of(ANY_DEVICE));

    private static final List<Backend> ALL = Stream.concat(
                    Stream.of(AUTO),
                    Stream.concat(PROVIDERS.stream(), Stream.of(TORCH_PROVIDER)).map(Backend::of))
            .toList();

    /** Static plans of oneDNN kernels. Requires a CPU with AVX2 and float parameters. */
    public static final Backend ONEDNN = named("onednn");

    /**
     * Standard ND4J operations, on any ND4J backend and in any float type. The reference: other backends must agree
     * with it.
     */
    public static final Backend SAMEDIFF = named("samediff");

    /**
     * libtorch's operations, on the CPU unless {@link #on} sets another device; in builds with the Maven profile {@code
     * torch}.
     */
    public static final Backend TORCH = named("torch");

    private static final Logger LOG = LoggerFactory.getLogger(Backend.class);

    static {
        JavaCppLogging.useSlf4j();
    }

    /** Limits the message about a slower backend to one per process. */
    private static final AtomicBoolean REPORTED = new AtomicBoolean();

    private final String configName;
    /** Implementations on {@link #devices}; the one on a GPU that {@code auto} may select is not among them. */
    private final List<BackendProvider> candidates;

    private final Precision precision;
    private final List<String> devices;

    private Backend(String configName, List<BackendProvider> candidates, Precision precision, List<String> devices) {
        this.configName = configName;
        this.candidates = candidates;
        this.precision = precision;
        this.devices = List.copyOf(devices);
    }

    /** The implementation that a Maven profile has added to this build, or the reason that it is missing. */
    private static BackendProvider joined(String word, String title, String profile, String gpuProfiles) {
        return ServiceLoader.load(BackendProvider.class, Backend.class.getClassLoader()).stream()
                .map(ServiceLoader.Provider::get)
                .filter(provider -> provider.configName().equals(word))
                .findFirst()
                .orElseGet(() -> new MissingBackend(
                        word, title, new MissingBackend.MissingProfiles(profile, gpuProfiles), false));
    }

    /** A backend of one implementation, in float32. */
    static Backend of(BackendProvider provider) {
        return new Backend(provider.configName(), List.of(provider), Precision.FP32, List.of(CPU));
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
        return new Backend(configName, candidates, other, devices);
    }

    /**
     * This backend on a device: {@code auto}, {@code cpu} or {@code cuda:N}. On a GPU, {@code auto} is the libtorch backend.
     *
     * @throws ConfigError if there is no such device, or this backend does not compute there
     */
    public Backend on(String device) {
        if (!DEVICE.matcher(device).matches())
            throw new ConfigError("expected auto, cpu or cuda:N, got '" + device + "'");
        if (devices.equals(List.of(device))) return this;
        if (device.equals(CPU) || device.equals(ANY_DEVICE))
            return new Backend(configName, named(configName).candidates, precision, List.of(device));
        return new Backend(isAuto() ? TORCH.configName : configName, providersOn(device), precision, List.of(device));
    }

    /**
     * This backend on the devices of several processes that train together, one for each process; see {@link #inGroup}.
     *
     * @throws ConfigError if the devices differ in kind, or this backend does not compute there
     */
    public Backend on(List<String> all) {
        if (all.size() == 1) return on(all.get(0));
        if (all.isEmpty()) throw new ConfigError("expected a device or a list of devices");
        Set<String> gpus = new HashSet<>();
        for (String device : all) {
            on(device); // checks it
            if (device.equals(ANY_DEVICE)) throw new ConfigError("auto cannot be one of several devices; name them");
            if (device.equals(CPU) != all.get(0).equals(CPU))
                throw new ConfigError("cannot combine cpu and cuda:N in one training");
            if (!device.equals(CPU) && !gpus.add(device)) throw new ConfigError("duplicate device " + device);
        }
        requireGroups();
        return new Backend(TORCH.configName, TORCH.providersOn(all.get(0)), precision, all);
    }

    /** The devices, one for each process that trains. */
    public List<String> devices() {
        return devices;
    }

    /**
     * This backend in one process of several: libtorch on a device that is named.
     *
     * @throws ConfigError if the device is {@code auto}, or this backend computes in one process only
     */
    public Backend inGroup(String device) {
        if (device.equals(ANY_DEVICE))
            throw new ConfigError("device auto cannot be used by several processes; name it, such as cuda:0");
        requireGroups();
        return TORCH.with(precision).on(device);
    }

    private void requireGroups() {
        if (!isAuto() && !configName.equals(TORCH.configName))
            throw new ConfigError("backend " + configName + " computes in one process; use " + TORCH.configName);
    }

    /** Returns true if the arrays are in the memory of the host. */
    public boolean isOnHost() {
        return candidates().get(0).isOnHost();
    }

    private boolean isAuto() {
        return configName.equals(AUTO.configName);
    }

    private List<BackendProvider> providersOn(String device) {
        List<BackendProvider> from = isAuto() ? TORCH.candidates : named(configName).candidates;
        List<BackendProvider> there = from.stream()
                .flatMap(candidate -> candidate.on(device).stream())
                .toList();
        if (there.isEmpty())
            throw new ConfigError("the " + configName + " backend does not compute on " + device + "; use the "
                    + TORCH.configName + " backend");
        return there;
    }

    /** The implementations in the order of preference; looks for a GPU if the device is {@code auto}. */
    private List<BackendProvider> candidates() {
        boolean looks = devices.contains(ANY_DEVICE) && (isAuto() || configName.equals(TORCH.configName));
        Optional<BackendProvider> gpu = looks ? TORCH_PROVIDER.onUsableGpu() : Optional.empty();
        return Stream.concat(gpu.stream(), candidates.stream()).toList();
    }

    /** Processes of this backend that train together; the devices of the group are {@link #devices}. */
    public ProcessGroup join(ProcessGroup.Membership membership) {
        return candidates().get(0).join(membership);
    }

    /** Describes a failure of a device; empty if an exception is none. */
    public static Optional<DeviceFailure> deviceFailure(RuntimeException problem) {
        return TORCH_PROVIDER.deviceFailure(problem);
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
        List<BackendProvider> found = candidates();
        if (precision == Precision.FP32 && found.size() > 1) return; // the last one can always run
        List<String> reasons = new ArrayList<>();
        for (BackendProvider candidate : found) {
            Optional<String> reason = candidate.unavailableReason(precision);
            if (reason.isEmpty()) return;
            reasons.add(reason.get());
        }
        throw refusal(found, reasons);
    }

    /** Starts with the key that is at fault, {@code precision}, {@code device} or {@code backend}; callers prefix it. */
    private ConfigError refusal(List<BackendProvider> found, List<String> reasons) {
        boolean inFloat32 =
                found.stream().anyMatch(p -> p.unavailableReason(Precision.FP32).isEmpty());
        if (precision != Precision.FP32 && inFloat32) {
            return new ConfigError("precision " + precision.configName() + " is not available: " + reasons.get(0)
                    + "; use " + Precision.FP32.configName());
        }
        String why = " is not available: " + String.join("; ", reasons);
        if (devices.size() > 1 || devices.get(0).startsWith("cuda"))
            return new ConfigError("device " + String.join(",", devices) + why);
        BackendProvider last = PROVIDERS.get(PROVIDERS.size() - 1);
        return new ConfigError("backend " + configName + why + "; use " + AUTO.configName + " or " + last.configName());
    }

    /** @throws ConfigError if no candidate is available */
    private BackendProvider provider(ParameterStore parameters) {
        List<String> reasons = new ArrayList<>();
        List<BackendProvider> found = candidates();
        for (BackendProvider candidate : found) {
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
        throw refusal(found, reasons);
    }

    @Override
    public String toString() {
        return configName;
    }
}
