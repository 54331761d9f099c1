/** A small suite to begin with: a calculator in Python, and what it should do. */
export const template = `{
  "schema": "greenloop.suite/v1",
  "name": "Calculator",
  "target": { "kind": "python", "module": "calculator", "root": "." },
  "cases": [
    {
      "id": "CALC-001",
      "title": "Adds two numbers",
      "call": "add",
      "parameters": [
        { "name": "small", "inputs": { "a": 2, "b": 3 }, "expected": { "returns": 5 } },
        { "name": "negative", "inputs": { "a": -2, "b": -3 }, "expected": { "returns": -5 } }
      ],
      "priority": "critical"
    },
    {
      "id": "CALC-002",
      "title": "Refuses to divide by zero",
      "call": "divide",
      "inputs": { "a": 1, "b": 0 },
      "expected": { "raises": "ZeroDivisionError" },
      "priority": "high"
    }
  ]
}
`
