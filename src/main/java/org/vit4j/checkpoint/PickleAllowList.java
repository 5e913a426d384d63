package org.vit4j.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Classes and functions of PyTorch pickles that are supported, with their implementation here. The list is fixed. */
final class PickleAllowList {
    private static final int MAX_RANK = 16;

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
    /** Modules of objects that many training scripts save with the weights; they are skipped without a note. */
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

    /** Returns true for names of PyTorch, NumPy and Python's standard library, which are skipped without a note. */
    static boolean isUsual(String name) {
        int dot = name.indexOf('.');
        return USUAL.contains(dot < 0 ? name : name.substring(0, dot));
    }

    /** Returns true for functions that run commands or code; they are not called, and the file is rejected. */
    static boolean runsCode(String name) {
        return RUNS_CODE.matcher(name).matches();
    }

    /** Returns the result of a supported class or function for the given arguments, and an opaque object for others. */
    static Object call(String name, Object value) throws Pickle.PickleException {
        List<?> arguments = value instanceof List<?> list ? list : List.of();
        // Created empty and filled by later opcodes. The argument of defaultdict is the factory of its values.
        if (MAPS.contains(name)) return new LinkedHashMap<>(4);
        if (LISTS.contains(name)) return arguments.isEmpty() ? new ArrayList<>(0) : arguments.get(0);
        if (PARAMETERS.contains(name)) return arguments.isEmpty() ? Pickle.NONE : arguments.get(0);
        if (name.equals(TENSOR) || name.equals(TENSOR_2)) return tensor(arguments);
        if (name.equals(FROM_TYPE)
                && arguments.size() >= 3
                && arguments.get(0) instanceof Pickle.PickledGlobal function) {
            return function.name().equals(FROM_TYPE)
                    ? new Pickle.Opaque(name)
                    : call(function.name(), arguments.get(2));
        }
        return new Pickle.Opaque(name);
    }

    private static Object tensor(List<?> arguments) throws Pickle.PickleException {
        if (arguments.size() >= 4
                && arguments.get(0) instanceof Pickle.PickledStorage storage
                && arguments.get(1) instanceof Long offset
                && arguments.get(2) instanceof List<?> shape
                && arguments.get(3) instanceof List<?> strides) {
            return new Pickle.PickledTensor(storage, offset, longs(shape), longs(strides));
        }
        if (!arguments.isEmpty() && arguments.get(0) instanceof Pickle.Opaque storage)
            return storage; // of an unknown type
        throw new Pickle.PickleException("a tensor is not made of storage, offset, shape and strides");
    }

    private static List<Long> longs(List<?> values) throws Pickle.PickleException {
        List<Long> longs = new ArrayList<>();
        for (Object value : values) {
            if (!(value instanceof Long number) || number < 0 || longs.size() == MAX_RANK) {
                throw new Pickle.PickleException("a tensor has an invalid shape or stride");
            }
            longs.add(number);
        }
        return longs;
    }

    /** Returns the storage for {@code ("storage", type, key, device, count)}, opaque if the type is unknown. */
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
