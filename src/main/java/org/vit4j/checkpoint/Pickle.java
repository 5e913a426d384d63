package org.vit4j.checkpoint;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Reader for the part of Python's pickle format that {@code torch.save} uses, protocols 2 to 5 (opcodes: Python's
 * {@code Lib/pickletools.py}). It creates strings, numbers, lists, maps and the objects in {@link PickleAllowList}.
 * Objects of other classes are skipped: they are not looked up, constructed or called, and become an {@link Opaque}
 * with the class name. A file that names a function which runs commands or code is rejected.
 *
 * <p>Files are not trusted: lengths are checked against the available bytes, the number of opcodes is limited, and
 * map keys are strings or numbers, so that hash codes are cheap to compute.
 */
final class Pickle {
    /** Enough for 40,000 tensors at about 25 opcodes each. */
    private static final int MAX_OPCODES = 1_000_000;

    private static final int MAX_REJECTED = 10;
    private static final int MAX_CLASSES = 1000;
    private static final Object MARK = new Object();
    /** Python's None, and values whose contents are not needed. */
    static final Object NONE = new Object();

    /** A class or function by name, not yet called. */
    record PickledGlobal(String name) {}

    /** An object that is not constructed, with the name of its class or of the function that creates it. */
    record Opaque(String name) {}

    /**
     * The value of a pickle.
     *
     * @param value lists, maps, strings, numbers, tensors and opaque objects
     * @param classes names of skipped unusual classes, sorted
     */
    record Content(Object value, SortedSet<String> classes) {}

    /**
     * Reference to values that {@code torch.save} stores outside of the pickle: {@code ("storage", type, key, device,
     * count)}.
     */
    record PickledStorage(DType type, String key, long count) {}

    /** A tensor as a view of a storage. */
    record PickledTensor(PickledStorage storage, long offset, List<Long> shape, List<Long> strides) {}

    /** Thrown if a pickle cannot be read or is rejected. */
    static final class PickleException extends Exception {
        private static final long serialVersionUID = 1L;

        PickleException(String message) {
            super(message);
        }
    }

    private final byte[] bytes;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();
    private final Set<String> rejected = new LinkedHashSet<>();
    private final SortedSet<String> classes = new TreeSet<>();
    private int at;

    private Pickle(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Reads the value of a pickle. */
    static Content read(byte[] bytes) throws PickleException {
        Pickle pickle = new Pickle(bytes);
        PickleException broken = null;
        Object value = null;
        try {
            value = pickle.run();
        } catch (PickleException e) {
            broken = e;
        }
        if (!pickle.rejected.isEmpty()) {
            throw new PickleException("rejected because of " + String.join(", ", pickle.rejected)
                    + ": a checkpoint must not run commands or code; none of its code was run");
        }
        if (broken != null) throw broken;
        return new Content(value, pickle.classes);
    }

    private Object run() throws PickleException {
        for (int count = 0; count < MAX_OPCODES; count++) {
            int opcode = unsigned(1);
            if (opcode == '.') return pop();
            step(opcode);
        }
        throw new PickleException("its pickle has more than " + MAX_OPCODES + " opcodes");
    }

    private void step(int opcode) throws PickleException {
        switch (opcode) {
            case 0x80 -> { // PROTO
                int protocol = unsigned(1);
                if (protocol > 5) throw new PickleException("pickle protocol " + protocol + " is not supported");
            }
            case 0x95 -> skip(8); // FRAME
            case '(' -> push(MARK);
            case '0' -> pop();
            case '1' -> popToMark();
            case '2' -> push(top());
            case 'N' -> push(NONE);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'K' -> push((long) unsigned(1));
            case 'M' -> push((long) unsigned(2));
            case 'J' -> push((long) (int) little(4));
            case 0x8a -> push(big(unsigned(1))); // LONG1
            case 0x8b -> push(big(little(4) & 0xffffffffL)); // LONG4
            case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(little(8))));
            case 'X', 'T', 'B' -> text(opcode, little(4) & 0xffffffffL);
            case 0x8c, 'U', 'C' -> text(opcode, unsigned(1));
            case 0x8d, 0x8e, 0x96 -> text(opcode, little(8)); // BINUNICODE8, BINBYTES8, BYTEARRAY8
            default -> containers(opcode);
        }
    }

    private void containers(int opcode) throws PickleException {
        switch (opcode) {
            case ']' -> push(new ArrayList<>(0));
            case '}' -> push(new LinkedHashMap<>(4));
            case 0x8f -> push(new ArrayList<>(0)); // EMPTY_SET
            case ')' -> push(List.of());
            case 0x85 -> push(List.of(pop()));
            case 0x86 -> tuple(2);
            case 0x87 -> tuple(3);
            case 't', 'l', 0x91 -> push(new ArrayList<>(popToMark())); // TUPLE, LIST, FROZENSET
            case 'a' -> {
                Object item = pop();
                list(top()).add(item);
            }
            case 'e', 0x90 -> { // APPENDS, ADDITEMS
                List<Object> items = popToMark();
                list(top()).addAll(items);
            }
            case 's' -> {
                Object value = pop();
                Object key = pop();
                put(top(), key, value);
            }
            case 'u' -> {
                List<Object> items = popToMark();
                putAll(top(), items);
            }
            case 'd' -> {
                List<Object> items = popToMark();
                push(new LinkedHashMap<>(4));
                putAll(top(), items);
            }
            default -> objects(opcode);
        }
    }

    private void objects(int opcode) throws PickleException {
        switch (opcode) {
            case 'q' -> memo.put(unsigned(1), top());
            case 'r' -> memo.put((int) little(4), top());
            case 0x94 -> memo.put(memo.size(), top()); // MEMOIZE
            case 'h' -> recall(unsigned(1));
            case 'j' -> recall((int) little(4));
            case 'c' -> push(global(line() + "." + line()));
            case 0x93 -> { // STACK_GLOBAL
                Object name = pop();
                // Text of containers could be endless.
                if (!(pop() instanceof String module) || !(name instanceof String text))
                    throw new PickleException("its pickle names a class by a value that is not text");
                push(global(module + "." + text));
            }
            case 'Q' -> push(PickleAllowList.storage(pop()));
            case 'R', 0x81 -> call(pop()); // REDUCE, NEWOBJ
            case 0x92 -> { // NEWOBJ_EX: keyword arguments are on top of the stack
                pop();
                call(pop());
            }
            case 0x98 -> top(); // READONLY_BUFFER
            case 'b' -> pop(); // BUILD: attributes of an object, not needed
            default ->
                throw new PickleException(
                        String.format(Locale.ROOT, "unknown opcode 0x%2$02x at byte %1$d of its pickle", at, opcode));
        }
    }

    private Object global(String name) {
        if (PickleAllowList.runsCode(name) && rejected.size() < MAX_REJECTED) rejected.add("'" + shortened(name) + "'");
        if (!PickleAllowList.isUsual(name) && classes.size() < MAX_CLASSES) classes.add(shortened(name));
        return new PickledGlobal(name);
    }

    private void call(Object arguments) throws PickleException {
        Object function = pop();
        if (function instanceof PickledGlobal named) push(PickleAllowList.call(named.name, arguments));
        else push(function instanceof Opaque ? function : NONE);
    }

    static String shortened(String name) {
        return (name.length() > 80 ? name.substring(0, 80) + "..." : name).replaceAll("\\p{Cntrl}", "?");
    }

    private void text(int opcode, long length) throws PickleException {
        if (length < 0 || length > bytes.length - at) throw new PickleException("its pickle is truncated in a string");
        // Bytes and Python 2 strings: one byte per character. Other strings: UTF-8.
        boolean utf8 = opcode == 'X' || opcode == 0x8c || opcode == 0x8d;
        push(new String(bytes, at, (int) length, utf8 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1));
        at += (int) length;
    }

    private void tuple(int count) throws PickleException {
        if (stack.size() < count) throw new PickleException("stack underflow in its pickle");
        List<Object> items = stack.subList(stack.size() - count, stack.size());
        List<Object> tuple = new ArrayList<>(items);
        items.clear();
        push(tuple);
    }

    private void push(Object value) {
        stack.add(value);
    }

    private Object pop() throws PickleException {
        if (stack.isEmpty()) throw new PickleException("stack underflow in its pickle");
        return stack.remove(stack.size() - 1);
    }

    private Object top() throws PickleException {
        if (stack.isEmpty()) throw new PickleException("stack underflow in its pickle");
        return stack.get(stack.size() - 1);
    }

    /** Pops the values since the last mark. */
    private List<Object> popToMark() throws PickleException {
        int mark = stack.lastIndexOf(MARK);
        if (mark < 0) throw new PickleException("stack underflow in its pickle");
        List<Object> tail = stack.subList(mark + 1, stack.size());
        List<Object> items = new ArrayList<>(tail);
        stack.subList(mark, stack.size()).clear();
        return items;
    }

    private void recall(int index) throws PickleException {
        Object value = memo.get(index);
        if (value == null) throw new PickleException("memo index " + index + " of its pickle is undefined");
        push(value);
    }

    /** Returns true for a value whose contents are skipped. */
    private static boolean isSkipped(Object value) {
        return value == NONE || value instanceof Opaque;
    }

    @SuppressWarnings("unchecked")
    private static List<Object> list(Object value) throws PickleException {
        if (value instanceof ArrayList<?>) return (List<Object>) value;
        if (isSkipped(value)) return new ArrayList<>();
        throw new PickleException("its pickle appends to a value that is not a list");
    }

    private static void putAll(Object map, List<Object> items) throws PickleException {
        if (items.size() % 2 != 0) throw new PickleException("its pickle has a key without a value");
        for (int i = 0; i < items.size(); i += 2) put(map, items.get(i), items.get(i + 1));
    }

    @SuppressWarnings("unchecked")
    private static void put(Object map, Object key, Object value) throws PickleException {
        if (isSkipped(map)) return;
        if (!(map instanceof Map<?, ?>))
            throw new PickleException("its pickle adds a key to a value that is not a dictionary");
        // Other keys are not needed; deeply nested tuples would be slow to hash.
        if (key instanceof String || key instanceof Long) ((Map<Object, Object>) map).put(key, value);
    }

    private void skip(int count) throws PickleException {
        need(count);
        at += count;
    }

    private void need(int count) throws PickleException {
        if (count > bytes.length - at) throw new PickleException("its pickle is truncated");
    }

    private int unsigned(int width) throws PickleException {
        return (int) little(width);
    }

    private long little(int width) throws PickleException {
        need(width);
        long value = 0;
        for (int i = 0; i < width; i++) value |= (bytes[at++] & 0xffL) << (8 * i);
        return value;
    }

    /** Reads an integer with the given number of bytes; integers beyond 64 bits are not needed. */
    private Object big(long length) throws PickleException {
        if (length > bytes.length - at) throw new PickleException("its pickle is truncated");
        int width = (int) length;
        if (width > 8) {
            at += width;
            return NONE;
        }
        long value = width == 0 ? 0 : little(width);
        return width == 0 || width == 8 ? value : value << (64 - 8 * width) >> (64 - 8 * width);
    }

    private String line() throws PickleException {
        int from = at;
        while (true) {
            need(1);
            if (bytes[at++] == '\n') return new String(bytes, from, at - 1 - from, StandardCharsets.UTF_8);
        }
    }
}
