package org.vit4j.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

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
    /** The arguments and figures a training script writes beside its weights: read over. */
    private static final Set<String> READ_OVER = Set.of(
            "argparse.Namespace",
            "numpy.dtype",
            "numpy.core.multiarray.scalar",
            "numpy._core.multiarray.scalar",
            "_codecs.encode",
            "torch.device",
            "torch.float64",
            "torch.float32",
            "torch.float16",
            "torch.bfloat16",
            "torch.int64",
            "torch.int32",
            "builtins.dict",
            "builtins.list",
            "builtins.int",
            "builtins.float");

    private static final String TENSOR = "torch._utils._rebuild_tensor";
    private static final String TENSOR_2 = "torch._utils._rebuild_tensor_v2";
    private static final String PARAMETER = "torch._utils._rebuild_parameter";

    private PickleAllowList() {}

    static boolean has(String name) {
        return STORAGES.containsKey(name)
                || MAPS.contains(name)
                || LISTS.contains(name)
                || READ_OVER.contains(name)
                || Set.of(TENSOR, TENSOR_2, PARAMETER).contains(name);
    }

    /** What a function of that name makes of its arguments. */
    static Object call(String name, Object arguments) throws Pickle.RefusedObject {
        if (READ_OVER.contains(name)) return Pickle.NOTHING;
        if (!(arguments instanceof List<?> given))
            throw new Pickle.RefusedObject("calls " + name + " without arguments");
        // Empty; what is in it follows. defaultdict's argument is what makes its values.
        if (MAPS.contains(name)) return new LinkedHashMap<>(4);
        if (LISTS.contains(name)) return given.isEmpty() ? new ArrayList<>(0) : given.get(0);
        if (name.equals(PARAMETER)) return given.isEmpty() ? Pickle.NOTHING : given.get(0);
        if (name.equals(TENSOR) || name.equals(TENSOR_2)) return tensor(given);
        throw new Pickle.RefusedObject("calls " + name + ", which is a type");
    }

    private static Object tensor(List<?> given) throws Pickle.RefusedObject {
        if (given.size() >= 4
                && given.get(0) instanceof Pickle.PickledStorage storage
                && given.get(1) instanceof Long offset
                && given.get(2) instanceof List<?> shape
                && given.get(3) instanceof List<?> strides) {
            return new Pickle.PickledTensor(storage, offset, longs(shape), longs(strides));
        }
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
    static Pickle.PickledStorage storage(Object id) throws Pickle.RefusedObject {
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
        throw new Pickle.RefusedObject("has a storage of a kind that is not known");
    }
}
