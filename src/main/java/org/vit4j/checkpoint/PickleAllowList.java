package org.vit4j.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** The names a pickle of PyTorch may use, and what stands for them here. There is no way to add to them. */
final class PickleAllowList {
    private static final int LARGEST_RANK = 16;

    private static final Map<String, DType> STORAGES = Map.ofEntries(
            Map.entry("torch.DoubleStorage", DType.F64),
            Map.entry("torch.FloatStorage", DType.F32),
            Map.entry("torch.HalfStorage", DType.F16),
            Map.entry("torch.BFloat16Storage", DType.BF16),
            Map.entry("torch.LongStorage", DType.I64),
            Map.entry("torch.IntStorage", DType.I32),
            Map.entry("torch.ShortStorage", DType.I16),
            Map.entry("torch.CharStorage", DType.I8),
            Map.entry("torch.ByteStorage", DType.U8),
            Map.entry("torch.BoolStorage", DType.BOOL));

    private static final Set<String> MAPS = Set.of("collections.OrderedDict", "collections.defaultdict");
    private static final Set<String> LISTS =
            Set.of("builtins.set", "builtins.frozenset", "__builtin__.set", "__builtin__.frozenset", "torch.Size");
    /** Modules whose objects lie next to the weights of many training scripts; they are read over without a note. */
    private static final Set<String> USUAL = Set.of(
            "__builtin__",
            "_codecs",
            "argparse",
            "builtins",
            "collections",
            "copy_reg",
            "copyreg",
            "datetime",
            "decimal",
            "enum",
            "fractions",
            "functools",
            "numpy",
            "pathlib",
            "random",
            "torch",
            "types",
            "typing",
            "uuid",
            "zoneinfo");

    /** Modules and functions that run commands or code. */
    private static final Pattern RUNS_CODE = Pattern.compile("(posix|nt|subprocess|_posixsubprocess|pty|runpy"
            + "|asyncio\\.subprocess)\\..*"
            + "|commands\\.\\w*(call|output|run|Popen)" // Python 2's name for subprocess, which protocol 2 writes
            + "|os\\.(system|popen\\d?|exec\\w+|spawn\\w+|posix_spawnp?|startfile|remove|unlink|rmdir|removedirs|kill)"
            + "|(builtins|__builtin__)\\.(eval|exec|execfile|compile|__import__|open|input|breakpoint)"
            + "|importlib\\.(import_module|__import__|reload)|shutil\\.(rmtree|move)"
            + "|(pickle|_pickle|marshal)\\.loads?|torch\\.(load|hub\\..*)|webbrowser\\.open\\w*");

    private static final String TENSOR = "torch._utils._rebuild_tensor";
    private static final String TENSOR_2 = "torch._utils._rebuild_tensor_v2";
    private static final Set<String> PARAMETERS =
            Set.of("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state");
    /** {@code (function, type, arguments, state)}: a tensor with attributes, or of a subclass. */
    private static final String FROM_TYPE = "torch._tensor._rebuild_from_type_v2";

    private PickleAllowList() {}

    /** Returns true for names of PyTorch, NumPy and Python's library, which need no note. */
    static boolean isUsual(String name) {
        int dot = name.indexOf('.');
        return USUAL.contains(dot < 0 ? name : name.substring(0, dot));
    }

    /** Returns true for functions that run commands or code; they are not called, and their file is refused. */
    static boolean runsCode(String name) {
        return RUNS_CODE.matcher(name).matches();
    }

    /** Stands for what a class or function of that name makes of its arguments; opaque unless it is one of the few here. */
    static Object call(String name, Object arguments) throws Pickle.RefusedObject {
        List<?> given = arguments instanceof List<?> list ? list : List.of();
        // Empty; what is in it follows. defaultdict's argument is what makes its values.
        if (MAPS.contains(name)) return new LinkedHashMap<>(4);
        if (LISTS.contains(name)) return given.isEmpty() ? new ArrayList<>(0) : given.get(0);
        if (PARAMETERS.contains(name)) return given.isEmpty() ? Pickle.NOTHING : given.get(0);
        if (name.equals(TENSOR) || name.equals(TENSOR_2)) return tensor(given);
        if (name.equals(FROM_TYPE) && given.size() >= 3 && given.get(0) instanceof Pickle.PickledGlobal function) {
            return function.name().equals(FROM_TYPE) ? new Pickle.Opaque(name) : call(function.name(), given.get(2));
        }
        return new Pickle.Opaque(name);
    }

    private static Object tensor(List<?> given) throws Pickle.RefusedObject {
        if (given.size() >= 4
                && given.get(0) instanceof Pickle.PickledStorage storage
                && given.get(1) instanceof Long offset
                && given.get(2) instanceof List<?> shape
                && given.get(3) instanceof List<?> strides) {
            return new Pickle.PickledTensor(storage, offset, longs(shape), longs(strides));
        }
        if (!given.isEmpty() && given.get(0) instanceof Pickle.Opaque storage) return storage; // of an unknown type
        throw new Pickle.RefusedObject("rebuilds a tensor from something else than storage, offset, shape and strides");
    }

    private static List<Long> longs(List<?> values) throws Pickle.RefusedObject {
        List<Long> longs = new ArrayList<>();
        for (Object value : values) {
            if (!(value instanceof Long number) || number < 0 || longs.size() == LARGEST_RANK) {
                throw new Pickle.RefusedObject("has a tensor with an impossible shape or stride");
            }
            longs.add(number);
        }
        return longs;
    }

    /** {@code ("storage", type, key, device, count)} */
    static Object storage(Object id) {
        if (id instanceof List<?> parts
                && parts.size() >= 5
                && "storage".equals(parts.get(0))
                && parts.get(1) instanceof Pickle.PickledGlobal type
                && parts.get(2) instanceof String key
                && parts.get(4) instanceof Long count
                && count >= 0) {
            DType dtype = STORAGES.get(type.name());
            if (dtype != null) return new Pickle.PickledStorage(dtype, key, count);
        }
        boolean typed = id instanceof List<?> parts && parts.size() > 1 && parts.get(1) instanceof Pickle.PickledGlobal;
        return new Pickle.Opaque(typed ? ((Pickle.PickledGlobal) ((List<?>) id).get(1)).name() : "an unknown storage");
    }
}
