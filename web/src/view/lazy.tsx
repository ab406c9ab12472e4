/* A view whose code is fetched when it is first opened: most visits never need it. */
import { useSignal } from '@preact/signals';
import type { ComponentType, VNode } from 'preact';
import { useEffect } from 'preact/hooks';

interface Props {
  readonly load: () => Promise<ComponentType>;
}

export function Lazy({ load }: Props): VNode {
  const state = useSignal<{ view?: ComponentType; hasFailed?: boolean }>({});
  const fetchView = (): void => {
    state.value = {};
    load().then((view) => (state.value = { view }), () => (state.value = { hasFailed: true }));
  };
  useEffect(fetchView, [load]);
  const { view: View, hasFailed } = state.value;
  if (View) return <View />;
  return (
    <div class="empty-state" role="status">
      <p>{hasFailed ? 'This view could not be fetched from the server.' : 'Fetching …'}</p>
      {hasFailed && <button class="button" onClick={fetchView}>Try again</button>}
    </div>
  );
}
